"""Python's audit hook: the same refusals in words, at the line of the code that wants what it may not do.

Native code gets around it (ctypes does), which is why the kernel's layers are there; where they are missing, it keeps
out mistakes and plain tricks, not a determined attacker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def engage(writable: Iterable[Path]) -> None:
    """Refuse from now on, in every thread; there is no way back. Raises PermissionError where something is refused."""
    allowed = tuple(os.path.realpath(path) for path in writable)
    own = os.getpid()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _REFUSED:
            raise PermissionError(_REFUSED[event])
        if event == "os.kill" and args and args[0] != own:
            raise PermissionError(SIGNALS)
        if (event == "open" and _writes(args)) or event in _CHANGES:
            _check(args[0], allowed)

    sys.addaudithook(hook)


def _writes(args: tuple[Any, ...]) -> bool:
    """Whether an ``open`` (path, mode, flags) means to write."""
    flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0
    return bool(flags & _WRITING)


def _check(path: Any, allowed: tuple[str, ...]) -> None:
    if isinstance(path, int) or path is None:
        return  # a descriptor that is open already
    real = os.path.realpath(os.fsdecode(path))
    if not any(real == place or real.startswith(place + os.sep) for place in allowed):
        raise PermissionError(f"The code of a network may not write to {real}")
