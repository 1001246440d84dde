"""Giving memory back to the system that was needed for a moment: the C library keeps what is freed in small pieces."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back() -> None:
    """Return what is free at the end of the heap and in whole pages inside it; nothing where the C library cannot."""
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Any:
    """glibc's malloc_trim; None elsewhere (musl, macOS), where freed memory goes back by itself or not at all."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
