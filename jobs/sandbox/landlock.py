"""Landlock: from now on this thread and those it starts write, and may read, only below given folders; no TCP.

The interface is that of the kernel's documentation, userspace-api/landlock.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from jobs.sandbox.kernel import call, no_new_privileges

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION = 1
_BENEATH = 1

_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_FILES = _WRITE_FILE | _TRUNCATE
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_READING = _READ_FILE | _READ_FOLDER
_FOLDERS = sum(1 << bit for bit in range(4, 14))  # remove and make files, folders, links ...; move across folders
_SINCE = {2: 1 << 13, 3: _TRUNCATE}  # rights that came with a later version
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets and signals of others


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Path(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version of the kernel's interface. Raises OSError where there is none."""
    return call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))


def restrict(writable: Iterable[Path], readable: Iterable[Path] | None = None) -> None:
    """Allow writing to these files and below these folders only, and reading where writing is or below ``readable``
    (None: reading everything). Raises OSError."""
    found = version()
    writing = (_FILES | _FOLDERS) & ~sum(right for since, right in _SINCE.items() if found < since)
    reading = 0 if readable is None else _READING
    rules = _Ruleset(writing | reading, _TCP if found >= 4 else 0, _SCOPES if found >= 6 else 0)
    size = 24 if found >= 6 else 16 if found >= 4 else 8
    ruleset = call(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for path in writable:
            _allow(ruleset, path, writing | reading)
        for path in readable or ():
            with suppress(FileNotFoundError, PermissionError):  # gone meanwhile, or not ours: it stays unreadable
                _allow(ruleset, path, reading)
        no_new_privileges()
        call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Of the rights those that a file has, where the path is none of a folder."""
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        kept = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & (_FILES | _READ_FILE)
        rule = _Path(kept, place)
        call(_ADD, ctypes.c_int(ruleset), ctypes.c_int(_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(place)
