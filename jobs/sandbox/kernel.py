"""System calls that Python does not wrap, through the C library."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_SET_NO_NEW_PRIVS = 38


def call(number: int, *arguments: Any) -> int:
    """A system call by number. Raises OSError with its errno."""
    library = ctypes.CDLL(None, use_errno=True)
    result = int(library.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def no_new_privileges() -> None:
    """What the kernel wants before a process may restrict itself. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
