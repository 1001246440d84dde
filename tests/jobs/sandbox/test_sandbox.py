"""Each layer alone and all together, in processes of their own: what is refused, and what still works."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.sandbox import landlock, seccomp

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.process

HEAD = """
import ctypes, os, signal, socket, subprocess, sys, threading
from pathlib import Path
from jobs.sandbox import Sandbox, guard, landlock, seccomp
scratch = Path(sys.argv[1])
outside = scratch.parent / "outside"
def said(work):
    try:
        return repr(work())
    except BaseException as error:
        return type(error).__name__ + ": " + str(error)
def thread(work):
    found = []
    one = threading.Thread(target=lambda: found.append(said(work)))
    one.start()
    one.join()
    return found[0]
"""


def has_landlock() -> bool:
    try:
        return landlock.version() > 0
    except OSError:
        return False


def run(tmp_path: Path, code: str) -> list[str]:
    """The lines that the code prints, with a scratch folder of its own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code, str(scratch)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


needs_landlock = pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(platform.machine() not in seccomp._MACHINES, reason="no list of system calls")


@needs_landlock
def test_landlock_lets_write_into_the_scratch_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("as it was")
    found = run(
        tmp_path,
        """
landlock.restrict([scratch, Path("/dev/null")])
print(said(lambda: (scratch / "a").write_text("x")))
print(said(lambda: Path("/dev/null").write_text("x")))
for work in (
    lambda: outside.write_text("x"), lambda: outside.mkdir(), lambda: (scratch.parent / "kept").unlink(),
    lambda: os.truncate(scratch.parent / "kept", 0), lambda: os.rename(scratch.parent / "kept", scratch / "mine"),
):
    print(thread(work).partition(":")[0])
print(said(lambda: (scratch.parent / "kept").read_text()))
""",
    )
    assert found[:2] == ["1", "1"]
    assert set(found[2:7]) <= {"PermissionError", "OSError"}
    assert found[7] == "'as it was'"
    assert sorted(os.listdir(tmp_path)) == ["kept", "scratch"]


@needs_seccomp
def test_seccomp_starts_no_program_opens_no_socket_and_signals_nobody(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
early = threading.Thread(target=lambda: (go.wait(), told.append(said(os.fork))))
go, told = threading.Event(), []
early.start()
seccomp.restrict(local_sockets=False)
go.set()
early.join()
library = ctypes.CDLL(None)
print(told[0])
print(os.system("true") != 0)
for work in (
    lambda: subprocess.run(["true"]), os.fork, lambda: os.execv("/bin/true", ["true"]), lambda: socket.socket(),
    lambda: socket.socket(socket.AF_UNIX), lambda: os.kill(os.getppid(), signal.SIGTERM),
):
    print(said(work).partition(":")[0])
print(library.fork(), library.vfork())
print(thread(lambda: 6 * 7), said(lambda: os.kill(os.getpid(), 0)))
""",
    )
    assert found[0].startswith("PermissionError")
    assert found[1] == "True"
    assert found[2:8] == ["PermissionError"] * 6
    assert found[8:] == ["-1 -1", "42 None"]


def test_the_guard_says_in_words_what_is_refused(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
guard.engage([scratch])
for work in (
    lambda: os.system("true"), lambda: subprocess.run(["true"]), os.fork,
    lambda: socket.create_connection(("127.0.0.1", 9)), lambda: os.kill(os.getppid(), 0),
    lambda: outside.write_text("x"), lambda: os.remove(sys.executable),
):
    print(said(work))
print(said(lambda: (scratch / "a").write_text("x")), said(lambda: len(Path(sys.executable).read_bytes()) > 0))
""",
    )
    program = "PermissionError: The code of a network may not start other programs or processes"
    assert found[:3] == [program] * 3
    assert found[3] == "PermissionError: The code of a network may not use the network"
    assert found[4] == "PermissionError: The code of a network may not send signals to other processes"
    assert found[5] == f"PermissionError: The code of a network may not write to {tmp_path / 'outside'}"
    assert "may not write to" in found[6]
    assert found[7] == "1 True"


def test_a_link_out_of_the_scratch_folder_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "door").symlink_to(tmp_path / "outside")
    (said,) = run(tmp_path, "guard.engage([scratch])\nprint(said(lambda: (scratch / 'door').write_text('x')))")
    assert "may not write to" in said
    assert not (tmp_path / "outside").exists()


def test_memory_is_limited_where_no_gpu_wants_address_space(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        """
from jobs import sandbox
sandbox.gpus = lambda: []
Sandbox(scratch, 1 << 30).enter()
print(said(lambda: bytearray(2 << 30)), len(bytearray(1 << 20)))
""",
    )
    assert found == ["MemoryError:  1048576"]


def test_the_filter_ends_in_allowing_and_skips_no_further_than_it_is_long() -> None:
    for machine in seccomp._MACHINES:
        steps = seccomp.program(machine, 4711, local_sockets=True)
        assert steps[-1] == (seccomp._RETURN, 0, 0, seccomp._ALLOW)
        assert all(place + 1 + max(yes, no) < len(steps) for place, (_, yes, no, _) in enumerate(steps[:-1]))
