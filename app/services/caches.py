"""Two small caches of what job folders say: folded states, and opened datasets; both refreshed from the files alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from jobs.events import JobState, fold_all
from jobs.folder import JobFolder, Tail

if TYPE_CHECKING:
    from data.database import Dataset

T = TypeVar("T")


class LRU(Generic[T]):
    """At most ``size`` things by key; the longest unused is dropped (and given to ``close``)."""

    def __init__(self, size: int, close: Callable[[T], None] | None = None) -> None:
        self.size = size
        self._close = close
        self._things: OrderedDict[str, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The thing under ``key``, made on first use. Whatever ``make`` raises is passed on and nothing is kept."""
        with self._lock:
            if key not in self._things:
                self._things[key] = make()
            self._things.move_to_end(key)
            while len(self._things) > self.size:
                self._drop(next(iter(self._things)))
            return self._things[key]

    def forget(self, key: str) -> None:
        """Drop the thing under ``key`` if there is one."""
        with self._lock:
            if key in self._things:
                self._drop(key)

    def _drop(self, key: str) -> None:
        thing = self._things.pop(key)
        if self._close:
            self._close(thing)


class States:
    """The folded state of each job, brought up to date by reading only the events that came since the last call."""

    def __init__(self, root: Path, size: int = 256) -> None:
        self.root = root
        self._cache: LRU[_Folding] = LRU(size)

    def get(self, job_id: str) -> JobState:
        """The state now. A job without events (or folder) is Initialized."""
        return self._cache.get(job_id, lambda: _Folding(JobFolder(self.root / job_id).events_path)).now()


class _Folding:
    """A tail and what it has folded so far; starts over where the file was cut or replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start()

    def _start(self) -> None:
        self.tail = Tail(self.path)
        self.state = JobState()

    def now(self) -> JobState:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < self.tail.offset:
            self._start()
        if size > self.tail.offset:
            self.state = fold_all(self.tail.read(), self.state)
        return self.state


class OpenDatasets:
    """Finished datasets kept open (LMDB wants one handle a path in a process); closed when long unused."""

    def __init__(self, root: Path, size: int = 16) -> None:
        self.root = root
        self._cache: LRU[Dataset] = LRU(size)

    def get(self, job_id: str) -> Dataset:
        """The dataset of a finished job. Raises what ``open_dataset`` raises where the files are damaged."""
        from data.database import open_dataset

        return self._cache.get(job_id, lambda: open_dataset(self.root / job_id / "artifacts"))

    def forget(self, job_id: str) -> None:
        """Let go of a dataset that is being deleted."""
        self._cache.forget(job_id)
