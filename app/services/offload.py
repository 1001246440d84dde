"""Work that would hold up every other visitor runs in a native thread while the gevent hub goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def offload(work: Callable[..., T], *args: Any) -> T:
    """``work(*args)`` in gevent's thread pool where the process runs on gevent, else right here; errors pass."""
    if not _on_gevent():
        return work(*args)
    from gevent import get_hub

    result: T = get_hub().threadpool.apply(work, args)
    return result


def offload_each(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same iterator with each step taken in a native thread (for streamed downloads)."""
    while (piece := offload(next, pieces, None)) is not None:
        yield piece


def _on_gevent() -> bool:
    """Whether the standard library has been patched, as run.py does for the server and nothing else does."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))
