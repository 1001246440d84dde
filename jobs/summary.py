"""What lists show of a job, kept in its row: last, least and greatest values, a sparkline, counts, size on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from jobs import series
from jobs.events import JobState
from jobs.folder import JobFolder

SPARK_CURVE = "train/loss"
SPARK_POINTS = 60
_EMPTY: dict[str, Any] = {"points": 0, "last": None, "min": None, "max": None}
_SAMPLED = 100_000  # points looked at for a sparkline; more are sampled evenly
_SIZE_EVERY = 10.0  # seconds between two measurements of the disk space


class Summary:
    """Follows one job folder; ``update`` reads only what was appended since."""

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._curves: dict[str, dict[str, Any]] = {}
        self._bytes = 0
        self._measured = -_SIZE_EVERY

    @property
    def points(self) -> int:
        """Points of all curves seen so far: it grows when there is something new to show."""
        return sum(curve["points"] for curve in self._curves.values())

    def update(self, state: JobState, *, final: bool = False) -> dict[str, Any]:
        """The summary as JSON-ready values; ``final`` measures the size on disk once more."""
        for curve in series.curves(self._folder.series):
            self._extend(curve)
        if final or time.monotonic() - self._measured >= _SIZE_EVERY:
            self._bytes, self._measured = size_on_disk(self._folder.path), time.monotonic()
        return {
            **{key: state.progress[key] for key in ("phase", "rate", "unit") if key in state.progress},
            **_metrics(state),
            **_counts(state),
            "curves": {name: dict(curve) for name, curve in self._curves.items()},
            "sparkline": sparkline(series.read(self._folder.series, SPARK_CURVE)),
            "checkpoints": len(state.checkpoints),
            "bytes": self._bytes,
        }

    def _extend(self, curve: str) -> None:
        old = self._curves.get(curve, dict(_EMPTY))
        if series.count(self._folder.series, curve) < old["points"]:  # cut back where training goes on from
            old = dict(_EMPTY)
        new = series.read(self._folder.series, curve, old["points"])["value"]
        if not len(new):
            return
        finite = new[np.isfinite(new)]
        bounds = [value for value in (old["min"], old["max"]) if value is not None]
        bounds += [float(finite.min()), float(finite.max())] if len(finite) else []
        self._curves[curve] = {
            "points": old["points"] + len(new),
            "last": float(new[-1]) if np.isfinite(new[-1]) else None,
            "min": min(bounds, default=None),
            "max": max(bounds, default=None),
        }


def sparkline(points: series.Points, width: int = SPARK_POINTS) -> list[float | None]:
    """At most ``width`` means of consecutive values, four digits each; None where no value is finite."""
    values = points["value"][:: max(1, len(points) // _SAMPLED)]
    groups = np.array_split(values, min(width, len(values))) if len(values) else []
    finite = (group[np.isfinite(group)] for group in groups)
    return [float(f"{group.mean():.4g}") if len(group) else None for group in finite]


def size_on_disk(path: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile is left out.

    Lengths, not blocks: a file system that allocates late says for a while that a new file has none.
    """
    total = 0
    for entry in _scan(path):
        try:
            total += size_on_disk(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else _length(entry)
        except FileNotFoundError:
            continue
    return total


def _scan(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        return []


def _length(entry: os.DirEntry[str]) -> int:
    """Of a link its own few bytes, not those of what it points to."""
    return entry.stat(follow_symlinks=False).st_size


def _metrics(state: JobState) -> dict[str, Any]:
    if not state.metrics:
        return {}
    last = state.metrics[-1]
    return {"step": last.get("step"), "epoch": last.get("epoch"), "metrics": dict(last.get("values", {}))}


def _counts(state: JobState) -> dict[str, Any]:
    """Images a split, classes, and files that failed, of a dataset."""
    result: dict[str, Any] = {}
    counts, classes, failed = (state.artifacts.get(name) for name in ("counts", "classes", "failed"))
    entries, made = state.artifacts.get("entries"), state.artifacts.get("dataset")
    if isinstance(entries, dict):  # boxes and masks: an image counts for each of its classes
        result["counts"] = entries
    elif isinstance(counts, dict):
        result["counts"] = {split: sum(numbers) for split, numbers in counts.items()}
    if isinstance(made, dict):
        result["kind"] = made.get("kind")
    if isinstance(classes, list):
        result["classes"] = len(classes)
    if isinstance(failed, dict):
        result["failed"] = failed
    return result
