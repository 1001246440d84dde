"""Reading ahead: some pieces of work in threads, results in order, memory bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def ahead(work: Callable[[S], T], pieces: Iterable[S], threads: int) -> Iterator[T]:
    """``work(piece)`` of each piece, in order; ``threads`` + 1 results at most wait. The first error passes."""
    waiting: deque[Future[T]] = deque()
    coming = iter(pieces)
    pool = ThreadPoolExecutor(threads, "ahead")
    try:
        waiting.extend(pool.submit(work, piece) for piece in islice(coming, threads + 1))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, piece) for piece in islice(coming, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
