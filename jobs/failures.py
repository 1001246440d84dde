"""From an exception or an exit code to a sentence for the owner of the job."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from data.errors import UserError

UNRECORDED = 64
"""A worker whose error could not be written into its folder ends with this plus the errno of the attempt."""
TAKEN = 63
"""A worker that found another one at work in the folder ends with this."""


@dataclass(frozen=True)
class Failure:
    """``error`` says what happened to which file, ``hint`` what to do."""

    error: str
    hint: str = ""


@dataclass(frozen=True)
class Exit:
    """How a worker ended: exit code or signal number; both None where nobody saw it (the machine was restarted)."""

    code: int | None = None
    signal: int | None = None

    @classmethod
    def of_code(cls, code: int) -> Exit:
        """Read an exit code as a shell gives it: 128 + n is death by signal n."""
        return cls(signal=code - 128) if code in range(129, 128 + signal.NSIG) else cls(code=code)


def explain(error: BaseException, folder: Path) -> Failure:
    """The sentence for an exception that ended a task; ``folder`` stands in where an OSError names no file."""
    if isinstance(error, UserError):
        return Failure(error.message, error.hint or "")
    if isinstance(error, OSError) and error.errno in _OS_ERRORS:
        return _os_failure(error.errno, Path(str(error.filename or folder)))
    if "No space left on device" in str(error):  # LMDB and zlib raise errors of their own
        return _os_failure(errno.ENOSPC, folder)
    if _is_gpu_memory(error):
        return Failure("The GPU's memory ran out.", "Reduce the batch size, or choose a smaller network or image size.")
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return Failure("The machine's memory ran out.", "Reduce the batch size or the image size, or free memory.")
    return Failure(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def explain_exit(ended: Exit, folder: Path) -> Failure:
    """The sentence for a worker that ended without writing how."""
    if ended.signal is not None:
        name = signal_name(ended.signal)
        return Failure(f"The worker was killed by {name}.", _SIGNAL_HINTS.get(name, ""))
    if ended.code is None:
        return Failure("The worker ended and nobody saw how.", "Was the machine restarted? Start the job again.")
    number = ended.code - UNRECORDED
    if number in _OS_ERRORS:
        return _os_failure(number, folder)
    if ended.code == 0:
        return Failure("The worker ended without saying that it was done.", "Its log may tell more.")
    return Failure(f"The worker ended with exit code {ended.code}.", "Its log may tell more.")


def signal_name(number: int) -> str:
    """SIGKILL for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_OS_ERRORS = {
    errno.ENOSPC: ("The disk is full: {path} could not be written ({free} free).", "Free space, then start again."),
    errno.EDQUOT: ("The disk quota is used up: {path} could not be written.", "Free space, then start again."),
    errno.EFBIG: ("{path} could not be written: it reached the largest file size allowed.", "See `ulimit -f`."),
    errno.EACCES: ("Foveal has no permission for {path}.", "Let the user that runs Foveal read and write it."),
    errno.EPERM: ("Foveal has no permission for {path}.", "Let the user that runs Foveal read and write it."),
    errno.EROFS: ("{path} could not be written: its file system is read-only.", "Mount it writable."),
    errno.ENOENT: ("{path} does not exist.", "Was it moved or deleted meanwhile?"),
    errno.EIO: ("{path} could not be read or written: the disk reported an error.", "Check the disk."),
    errno.EMFILE: ("Too many open files at {path}.", "Raise `ulimit -n`."),
}

_SIGNAL_HINTS = {
    "SIGKILL": "Often the machine ran out of memory: reduce the batch size or the image size.",
    "SIGTERM": "Something outside Foveal stopped it.",
    "SIGSEGV": "A library crashed; the log may name it.",
    "SIGABRT": "A library gave up; the log may name it.",
    "SIGBUS": "Shared memory or the disk may be full.",
    "SIGILL": "A library needs a newer processor.",
}


def _os_failure(number: int, path: Path) -> Failure:
    sentence, hint = _OS_ERRORS[number]
    return Failure(sentence.format(path=path, free=_free(path)), hint)


def _free(path: Path) -> str:
    """Free space on the file system of ``path``, as text."""
    there = next(place for place in (path, *path.absolute().parents) if os.path.exists(place))
    size = float(shutil.disk_usage(there).free)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _is_gpu_memory(error: BaseException) -> bool:
    """By name, so that torch need not be imported here."""
    return type(error).__name__ == "OutOfMemoryError" or "CUDA out of memory" in str(error)
