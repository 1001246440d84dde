"""Capabilities of root that no network needs: without them root is held back like everybody else. See capset(2)."""

from __future__ import annotations

import ctypes
import os

KEPT = (0, 1, 2, 3, 14, 23)
"""chown, dac_override, dac_read_search, fowner (reading datasets of others), ipc_lock, sys_nice (pinned memory)."""
_VERSION = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop() -> None:
    """Give up, in this thread and those it starts, all but :data:`KEPT`. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION, 0), (_Sets * 2)()
    if library.capget(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    left = sum(1 << number for number in KEPT)
    for word, both in enumerate(sets):
        mask = left if word == 0 else 0
        both.effective &= mask
        both.permitted &= mask
        both.inheritable = 0
    if library.capset(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
