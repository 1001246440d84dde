"""LMDB environments of finished databases, opened once a process: LMDB forbids twice, and a fork needs its own."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from weakref import WeakValueDictionary

import lmdb

_READ_AHEAD_LIMIT = 1 << 30
"""Bytes: smaller databases profit from the kernel's read-ahead; larger ones are read at random and it only hurts."""
_KEEP_OPEN = 64

_Identity = tuple[int, int, int]
_lock = threading.Lock()
_open: WeakValueDictionary[_Identity, lmdb.Environment] = WeakValueDictionary()
_recent: dict[_Identity, lmdb.Environment] = {}


def environment(folder: Path) -> lmdb.Environment:
    """The environment of a folder, read-only.

    Without LMDB's locks, since a finished database is never written; any number of processes may read it, also from a
    disk that is read-only. The last 64 stay open; one still in use somewhere is never opened a second time.
    """
    file = os.stat(folder / "data.mdb")
    key = (file.st_dev, file.st_ino, file.st_mtime_ns)
    with _lock:
        found = _open.get(key)
        if found is None:
            ahead = file.st_size < _READ_AHEAD_LIMIT
            found = lmdb.open(str(folder), readonly=True, lock=False, create=False, readahead=ahead, max_spare_txns=4)
            _open[key] = found
        _recent.pop(key, None)
        _recent[key] = found
        while len(_recent) > _KEEP_OPEN:
            _recent.pop(next(iter(_recent)))
        return found


def _forget_after_fork() -> None:
    """In a forked child the parent's environments are unusable and stand in the way of opening their files again."""
    global _lock
    _lock = threading.Lock()
    for opened in list(_open.values()):
        opened.close()
    _open.clear()
    _recent.clear()


os.register_at_fork(after_in_child=_forget_after_fork)
