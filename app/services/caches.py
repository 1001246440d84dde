"""Small caches: folded states and opened datasets, refreshed from the files alone; rows, until the database changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from jobs.events import JobState, fold_all
from jobs.folder import JobFolder, Tail

if TYPE_CHECKING:
    from data.database import Dataset
    from jobs.permissions import Principal
    from jobs.store import Store
    from jobs.tables import JobRow

T = TypeVar("T")


class LRU(Generic[T]):
    """At most ``size`` things by key; the longest unused is dropped (and given to ``close``)."""

    def __init__(self, size: int, close: Callable[[T], None] | None = None) -> None:
        self.size = size
        self._close = close
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing under ``key``, made on first use. Whatever ``make`` raises is passed on and nothing is kept."""
        with self._lock:
            if key not in self._things:
                self._things[key] = make()
            self._things.move_to_end(key)
            while len(self._things) > self.size:
                self._drop(next(iter(self._things)))
            return self._things[key]

    def forget(self, key: Hashable) -> None:
        """Drop the thing under ``key`` if there is one."""
        with self._lock:
            if key in self._things:
                self._drop(key)

    def _drop(self, key: Hashable) -> None:
        thing = self._things.pop(key)
        if self._close:
            self._close(thing)


class Rows:
    """Rows of jobs as somebody may see them, read again when anything in the database has changed.

    The same detached row goes to whoever asks: it is for reading. Asking the database each time takes ten times as
    long as asking whether it has changed.
    """

    def __init__(self, store: Store, size: int = 256) -> None:
        self._store = store
        self._size = size
        self._version: int | None = None
        self._cache: LRU[JobRow | None] = LRU(size)

    def get(self, job_id: str, who: Principal | None) -> JobRow | None:
        """As :meth:`Store.get`."""
        version = self._store.version()  # before the row is read, so that it is never older than its number says
        if version != self._version:
            self._version, self._cache = version, LRU(self._size)
        return self._cache.get((job_id, who), lambda: self._store.get(job_id, who))


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
