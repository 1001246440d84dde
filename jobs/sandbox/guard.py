"""Python's audit hook: the same refusals in words, at the line of the code that wants what it may not do.

Native code gets around it (ctypes does), which is why the kernel's layers are there; where they are missing, it keeps
out mistakes and plain tricks, not a determined attacker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from jobs.sandbox.places import within

PROGRAMS = "The code of a network may not start other programs or processes"
NETWORK = "The code of a network may not use the network"
SIGNALS = "The code of a network may not send signals to other processes"

_REFUSED = {
    **dict.fromkeys(("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"), PROGRAMS),
    **dict.fromkeys(("os.fork", "os.forkpty", "os.startfile"), PROGRAMS),
    **dict.fromkeys(("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"), NETWORK),
    **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"), NETWORK),
}
_CHANGES = frozenset(
    {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.link", "os.symlink"}
)
_LOOKS = frozenset({"os.listdir", "os.scandir", "sqlite3.connect"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def engage(
    writable: Iterable[Path], hidden: Collection[str] = (), shown: Collection[str] = (), *, programs: bool = False
) -> None:
    """Refuse from now on, in every thread; there is no way back. Raises PermissionError where something is refused.

    What is inside of ``hidden`` may not be read, but for ``shown`` and what may be written. ``programs``: these may be
    started.
    """
    allowed = tuple(os.path.realpath(path) for path in writable)
    readable, own = (*allowed, *shown), os.getpid()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _REFUSED and not (programs and _REFUSED[event] is PROGRAMS):
            raise PermissionError(_REFUSED[event])
        if event == "os.kill" and args and args[0] != own and not programs:
            raise PermissionError(SIGNALS)
        if (event == "open" and _writes(args)) or event in _CHANGES:
            _check(args[0], allowed)
        elif hidden and (event == "open" or event in _LOOKS):
            _look(args[0], hidden, readable)

    sys.addaudithook(hook)


def _look(path: Any, hidden: Collection[str], readable: Collection[str]) -> None:
    """Raise PermissionError for reading what is hidden."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return  # a descriptor that is open already, or the current folder
    real = os.path.realpath(os.fsdecode(path))
    if within(real, hidden) and not within(real, readable):
        raise PermissionError(f"The code of a network may not read {real}")


def _writes(args: tuple[Any, ...]) -> bool:
    """Whether an ``open`` (path, mode, flags) means to write."""
    flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0
    return bool(flags & _WRITING)


def _check(path: Any, allowed: tuple[str, ...]) -> None:
    if isinstance(path, int) or path is None:
        return  # a descriptor that is open already
    real = os.path.realpath(os.fsdecode(path))
    if not within(real, allowed):
        raise PermissionError(f"The code of a network may not write to {real}")
