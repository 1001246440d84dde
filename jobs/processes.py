"""Processes of this machine: telling one from a later one of the same number, and ending whole groups."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

PROC = Path("/proc")


def start_mark(pid: int) -> str | None:
    """A text that is the same as long as ``pid`` is the same living process; None where there is none.

    On Linux boot id and start in clock ticks, which no change of the clock disturbs; elsewhere the time of creation.
    A zombie (ended, not yet reaped) does not count as living.
    """
    if not PROC.is_dir():
        return _portable_mark(pid)
    fields = _stat(pid)
    if fields is None or fields[0] == "Z":
        return None
    return f"{boot_id()}:{fields[19]}"


def boot_id() -> str:
    """A text that changes when the machine is restarted."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(int(psutil.boot_time()))


def group_alive(group: int) -> bool:
    """Whether a process group has a member that is not a zombie (an orphan's zombie may stay for ever)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return any(_in_group(pid, group) for pid in psutil.pids())


def descendants(pid: int) -> list[psutil.Process]:
    """Children, their children and so on, also those that left the process group (torchrun's workers do)."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def end_group(group: int, number: signal.Signals) -> None:
    """Send a signal to every process of a group and to what its leader started; none left is no error."""
    strays = [process for process in descendants(group) if not _in_group(process.pid, group)]
    with suppress(ProcessLookupError):
        os.killpg(group, number)
    for stray in strays:
        with suppress(psutil.NoSuchProcess):
            stray.send_signal(number)


def _in_group(pid: int, group: int) -> bool:
    fields = _stat(pid)
    if fields is not None:
        return fields[0] != "Z" and int(fields[2]) == group
    try:
        return os.getpgid(pid) == group and not PROC.is_dir()
    except ProcessLookupError:
        return False


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on; the command before it may hold blanks and brackets."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _portable_mark(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None
