"""Writes what a task yields: events as lines, points into curve files, progress at a bounded rate."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jobs.event_files import EventWriter
from jobs.folder import EventLog, JobFolder
from jobs.layers import LayerWriter
from jobs.series import SeriesWriter

INTERVAL = 0.25  # seconds between two flushes of points, and between two progress events
BATCH = 50  # steps after which points are flushed at once


class Recorder:
    """The one writer of a running job's events and curves.

    A thread flushes what is pending every INTERVAL, so that nothing waits for a slow task's next event. An error it
    meets (a full disk) is raised at the task's next ``write``. Use as a context manager: leaving writes what is left.
    """

    def __init__(self, folder: JobFolder) -> None:
        self._events = EventLog(folder.events_path)
        self._series = SeriesWriter(folder.series)
        self._board = EventWriter(folder.tensorboard, folder.series)
        self._layers = LayerWriter(folder.layers)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._progress: dict[str, Any] | None = None
        self._progress_time = 0.0
        self._phase: Any = None
        self._steps = 0
        self._failed: OSError | None = None

    def __enter__(self) -> Recorder:
        self._begin()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end()
        self.flush()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Without the thread: what the kernel takes away from one thread, only those that it starts later lack too."""
        self._end()
        yield
        self._begin()

    def _begin(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._tick, name="recorder", daemon=True)
        self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def write(self, event: Mapping[str, Any]) -> None:
        """Record one event of a task. Raises OSError where the folder cannot be written."""
        with self._lock:
            if self._failed:
                raise self._failed
            values = dict(event)
            kind = values.pop("kind")
            if kind == "points":
                self._points(values)
            elif kind == "layers":
                self._layers.add(**values)
            elif kind == "histograms":
                self._layers.add_histograms(values.pop("table"), values.pop("step"), values.pop("names"), values)
            elif kind == "progress":
                self._progressed(values)
            else:
                self._flush()
                if kind == "resumed":
                    self._board.resumed(int(values["step"]))
                self._events.append(kind, **plain(values))

    def flush(self) -> None:
        """Write everything pending now."""
        with self._lock:
            self._flush()

    def _points(self, values: dict[str, Any]) -> None:
        point = int(values["step"]), values.get("wall") or time.time(), values["values"]
        self._series.add(*point)
        self._board.add(*point)
        self._steps += 1
        if self._steps >= BATCH:
            self._flush_points()

    def _progressed(self, values: dict[str, Any]) -> None:
        """A new phase is news and written at once; otherwise the latest waits for its turn."""
        self._progress = values
        if values.get("phase") != self._phase or time.monotonic() - self._progress_time >= INTERVAL:
            self._flush_progress()

    def _flush(self) -> None:
        """Points go first: whoever reads an event finds the points before it."""
        self._flush_points()
        self._flush_progress()

    def _flush_points(self) -> None:
        self._board.flush()  # which takes what the series hold for the past
        self._series.flush()
        self._layers.flush()
        self._steps = 0

    def _flush_progress(self) -> None:
        if self._progress is not None:
            self._events.append("progress", **plain(self._progress))
            self._phase = self._progress.get("phase")
            self._progress = None
            self._progress_time = time.monotonic()

    def _tick(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self.flush()
            except OSError as error:
                self._failed = error
                return


def plain(value: Any) -> Any:
    """``value`` as strict JSON: NaN and infinities become None, NumPy scalars numbers, paths text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # NumPy and torch, without importing either
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
