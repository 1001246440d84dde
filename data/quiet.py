"""Keeping C libraries from filling a log: libtiff and libpng print a line for every odd tag of every damaged file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def libraries_silent() -> Iterator[None]:
    """Drop what C code writes to file descriptor 2; Python's own stderr (tracebacks, warnings) goes where it went.

    What matters, a file that cannot be read, is listed with its reason. Does nothing where Python's stderr is not the
    process's (under a test runner). For a process of its own: the descriptor is shared by all threads.
    """
    stream = sys.stderr
    try:
        is_ours = stream is not None and stream.fileno() == 2
    except (OSError, ValueError):
        is_ours = False
    if not is_ours:
        yield
        return
    stream.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        sys.stderr = stream
        os.close(kept)
        os.close(nothing)
