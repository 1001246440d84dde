"""Work that would hold up every other visitor runs in a native thread while the gevent hub goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

A = TypeVar("A")
T = TypeVar("T")


def offload(work: Callable[..., T], *args: Any) -> T:
    """``work(*args)`` in gevent's thread pool where the process runs on gevent, else right here; errors pass."""
    if not _on_gevent():
        return work(*args)
    from gevent import get_hub

    result: T = get_hub().threadpool.apply(work, args)
    return result


def offload_all(work: Callable[[A], T], items: Iterable[A]) -> list[T]:
    """``work`` of every item, side by side in gevent's threads (in turn without them); the first error passes."""
    if not _on_gevent():
        return [work(item) for item in items]
    from gevent import get_hub

    pool = get_hub().threadpool
    return [started.get() for started in [pool.spawn(work, item) for item in items]]


def begin(work: Callable[[], None]) -> None:
    """Start ``work``, which keeps its result and errors to itself, in a native thread; without gevent do it now."""
    if not _on_gevent():
        work()
        return
    from gevent import get_hub

    get_hub().threadpool.spawn(work)


def offload_each(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same iterator with each step taken in a native thread (for streamed downloads)."""
    while (piece := offload(next, pieces, None)) is not None:
        yield piece


def breathe() -> None:
    """Let other visitors be served in the middle of long work that cannot leave this thread."""
    if _on_gevent():
        from gevent import sleep

        sleep(0)


class BreathingInput:
    """A request's body whose reader pauses for other visitors after every 256 kB.

    A socket that always has more to read never yields by itself, and neither does Werkzeug's multipart parser.
    """

    STRIDE = 256 * 1024

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._since = 0

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes."""
        return self._counted(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        """One line."""
        return self._counted(self._stream.readline(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _counted(self, piece: bytes) -> bytes:
        self._since += len(piece)
        if self._since >= self.STRIDE:
            self._since = 0
            breathe()
        return piece


def _on_gevent() -> bool:
    """Whether the standard library has been patched, as run.py does for the server and nothing else does."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))
