"""Errors in words: what happened, to which file, what to do."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from data.errors import UserError
from jobs.failures import UNRECORDED, Exit, explain, explain_exit


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UserError("The file x is empty.", hint="Choose another."), "The file x is empty. Choose another."),
        (OSError(errno.ENOSPC, "No space", "{tmp}/y"), "The disk is full: {tmp}/y could not be written ("),
        (OSError(errno.ENOSPC, "No space"), "The disk is full: {tmp} could not be written ("),
        (PermissionError(errno.EACCES, "denied", "/root/z"), "Foveal has no permission for /root/z."),
        (OSError(errno.EROFS, "read-only", "/ro"), "/ro could not be written: its file system is read-only."),
        (FileNotFoundError(errno.ENOENT, "gone", "/gone/x"), "/gone/x does not exist."),
        (Exception("lmdb: No space left on device"), "The disk is full"),
        (MemoryError(), "The machine's memory ran out."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9"), "The machine's memory ran out."),
        (OutOfMemoryError("CUDA"), "The GPU's memory ran out. Reduce the batch size"),
        (RuntimeError("CUDA out of memory. Tried to"), "The GPU's memory ran out."),
        (ValueError("bad value"), "ValueError: bad value"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_exceptions(tmp_path: Path, error: BaseException, words: str) -> None:
    if isinstance(error, OSError) and error.filename:
        error.filename = error.filename.replace("{tmp}", str(tmp_path))
    failure = explain(error, tmp_path)
    assert f"{failure.error} {failure.hint}".startswith(words.replace("{tmp}", str(tmp_path)))


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Exit(signal=signal.SIGKILL), "The worker was killed by SIGKILL. Often the machine ran out of memory"),
        (Exit.of_code(128 + 11), "The worker was killed by SIGSEGV."),
        (Exit(signal=63), "The worker was killed by signal 63."),
        (Exit(), "The worker ended and nobody saw how. Was the machine restarted?"),
        (Exit(0), "The worker ended without saying that it was done."),
        (Exit(1), "The worker ended with exit code 1."),
        (Exit(UNRECORDED + errno.ENOSPC), "The disk is full: {tmp}"),
        (Exit(UNRECORDED + errno.EACCES), "Foveal has no permission for {tmp}."),
        (Exit(255), "The worker ended with exit code 255."),
    ],
)
def test_ends(tmp_path: Path, ended: Exit, words: str) -> None:
    failure = explain_exit(ended, tmp_path)
    assert f"{failure.error} {failure.hint}".startswith(words.replace("{tmp}", str(tmp_path)))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_shell_tells_the_signal(number: signal.Signals) -> None:
    status = os.waitstatus_to_exitcode(os.system(f"sh -c 'kill -{number.value} $$'; exit $?"))
    assert Exit.of_code(status) == Exit(signal=number)
