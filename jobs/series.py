"""Metric curves on disk: one append-only file a curve, every point kept, thinned only for the screen."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from jobs.folder import append_whole

POINT = np.dtype([("step", "<i8"), ("wall", "<f8"), ("value", "<f8")])
"""One point: training step, Unix seconds, value (NaN and infinities allowed)."""

Points = NDArray[np.void]

_SPAN = 500.0  # halvings in a stretch that is summed at once: 2 ** 500 is still a number
_SMOOTHED = 8192  # blocks
_COPIED = 1 << 18  # values copied at a time, so that a curve of any length takes little memory
_PACK = struct.Struct("<qdd").pack  # one POINT; ten times as fast as making a NumPy record


def path_of(root: Path, curve: str) -> Path:
    """The file of a curve; the name ("val/accuracy") is percent-encoded, so any name is one file."""
    return root / f"{quote(curve, safe=' ')}.bin"


def curves(root: Path) -> list[str]:
    """Names of all curves of a job, sorted."""
    return sorted(unquote(path.stem) for path in root.glob("*.bin"))


class SeriesWriter:
    """Buffers points of many curves; ``flush`` appends each curve's points in one write.

    A crash loses at most what was added since the last flush; reopening cuts off a torn last point.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._buffers: dict[str, bytearray] = {}
        self._healed: dict[str, Path] = {}  # the file of each curve, once its last point is known to be whole

    def add(self, step: int, wall: float, values: Mapping[str, float]) -> None:
        """Add one point to each named curve."""
        for curve, value in values.items():
            self._buffers.setdefault(curve, bytearray()).extend(_PACK(step, wall, value))

    def flush(self) -> None:
        """Append everything buffered. Raises OSError where the disk is full; the buffer is then kept."""
        for curve, buffer in self._buffers.items():
            if buffer:
                self._append(curve, bytes(buffer))
                buffer.clear()

    def _append(self, curve: str, data: bytes) -> None:
        path = self._healed.get(curve)
        if path is None:
            path = path_of(self.root, curve)
            _heal(path)
            self._healed[curve] = path
        append_whole(path, data)


def cut(root: Path, step: int) -> None:
    """Drop all points after ``step`` from every curve: training goes on from there and makes them again."""
    for curve in curves(root):
        path = path_of(root, curve)
        _heal(path)
        keep = len(window(read(root, curve), None, step))
        if keep < count(root, curve):
            os.truncate(path, keep * POINT.itemsize)


def copy(source: Path, target: Path, step: int) -> None:
    """Begin the curves of one job with those of another up to ``step``."""
    for curve in curves(source):
        points = window(read(source, curve), None, step)
        if len(points):
            append_whole(path_of(target, curve), points.tobytes())


def count(root: Path, curve: str) -> int:
    """Whole points in a curve's file; 0 where there is none."""
    try:
        return path_of(root, curve).stat().st_size // POINT.itemsize
    except FileNotFoundError:
        return 0


def read(root: Path, curve: str, start: int = 0, stop: int | None = None) -> Points:
    """Points [start, stop) of a curve, memory-mapped: nothing is read that is not looked at."""
    total = count(root, curve)
    if total == 0:
        return np.empty(0, POINT)
    points: Points = np.memmap(path_of(root, curve), POINT, "r", shape=(total,)).view(np.ndarray)[start:stop]
    return points


def window(points: Points, first: int | None, last: int | None) -> Points:
    """The points whose step lies in [first, last]; None leaves that side open."""
    return points[places(points, first, last)]


def places(points: Points, first: int | None, last: int | None) -> slice:
    """Where the points lie whose step is in [first, last]."""
    low = 0 if first is None else int(np.searchsorted(points["step"], first, "left"))
    high = len(points) if last is None else int(np.searchsorted(points["step"], last, "right"))
    return slice(low, max(low, high))


def thin(points: Points, width: int = 1000) -> Points:
    """At most about ``width`` points that keep the smallest and largest value of each bucket, so no spike is lost.

    The first and last point stay; a bucket whose values are all NaN keeps its first point. jobs/overview.py is faster
    for what is looked at again and again.
    """
    if len(points) <= width:
        return points
    size = -(-len(points) // max(1, width // 2 - 1))
    at_once = max(1, _COPIED // size)
    values, kept = points["value"], [np.array([0, len(points) - 1])]
    for start in range(0, len(points), size * at_once):
        piece = values[start : start + size * at_once]
        whole = len(piece) // size
        starts = start + np.arange(whole) * size
        kept += [starts + place for place in extremes(piece[: whole * size].reshape(whole, size).copy())]
        if rest := len(piece) - whole * size:
            end = start + whole * size
            kept += [end + place for place in extremes(piece[-rest:].reshape(1, rest).copy())]
    found: Points = points[np.unique(np.concatenate(kept))]
    return found


def thin_smooth(points: Points, width: int, amount: float) -> tuple[Points, NDArray[np.float64]]:
    """:func:`thin` and the :func:`smooth` values of what it keeps; without ``amount`` the values themselves.

    Of more than _SMOOTHED points the means of so many blocks are smoothed, each less than a pixel wide.
    """
    shown = thin(points, width)
    if not amount or not len(points):
        return shown, shown["value"].astype(np.float64)
    if len(points) <= 2 * _SMOOTHED:
        return shown, smooth(points, amount)[np.searchsorted(points["step"], shown["step"])]
    means = _means(points, len(points) // _SMOOTHED)
    return shown, np.interp(shown["step"], means["step"], smooth(means, amount))


def _means(points: Points, size: int) -> Points:
    """For each ``size`` points their last one with the mean of their finite values; the last few may be fewer."""
    starts = np.arange(0, len(points), size)
    known = np.isfinite(points["value"])
    made: Points = points[np.append(starts[1:], len(points)) - 1].copy()
    counts = np.add.reduceat(known.astype(np.int64), starts)
    sums = np.add.reduceat(np.where(known, points["value"], 0.0), starts)
    made["value"] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return made


def extremes(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each row (contiguous, not empty) the place of its first least and first greatest value; NaN is neither.

    A row of NaN alone has 0 for both.
    """
    low, high = values.argmin(1), values.argmax(1)  # both stop at a NaN
    rows = np.arange(len(values))
    for row in np.flatnonzero(np.isnan(values[rows, low]) | np.isnan(values[rows, high])):
        unknown = np.isnan(values[row])
        low[row] = np.where(unknown, np.inf, values[row]).argmin()
        high[row] = np.where(unknown, -np.inf, values[row]).argmax()
    return low, high


def smooth(points: Points, amount: float) -> NDArray[np.float64]:
    """Exponentially weighted means of all values; a point's weight halves every ``amount ** 4 * 10 %`` of the steps.

    Independent of how densely points lie. What is not finite stays a gap and weighs nothing. Linear in the points.
    """
    values = points["value"].astype(np.float64)
    steps = points["step"].astype(np.float64)
    half = 0.1 * amount**4 * float(steps[-1] - steps[0]) if len(points) > 1 else 0.0
    if half <= (steps[-1] - steps[0]) * 1e-7 if len(points) else True:
        return values
    known = np.isfinite(values)
    result = np.where(known, 0.0, np.nan)
    total = weight = 0.0
    place = (steps - steps[0]) / half
    edges = [0, *(np.flatnonzero(np.diff(np.floor(place / _SPAN))) + 1).tolist(), len(points)]
    before = 0.0
    for start, stop in pairwise(edges):
        fade = 2.0 ** (before - place[start])  # from the last point of the stretch before to the first of this one
        total, weight = total * fade, weight * fade
        grow = 2.0 ** (place[start:stop] - place[start])
        sums = total + np.cumsum(np.where(known[start:stop], values[start:stop], 0.0) * grow)
        weights = weight + np.cumsum(known[start:stop] * grow)
        result[start:stop] = np.where(known[start:stop], sums / np.maximum(weights, 1e-300), np.nan)
        total, weight, before = float(sums[-1] / grow[-1]), float(weights[-1] / grow[-1]), float(place[stop - 1])
    return result


def first_least(values: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the first least value in each bucket between two ``edges``; no bucket is empty, no value NaN."""
    best = np.repeat(np.minimum.reduceat(values, edges[:-1]), np.diff(edges))
    hits = np.flatnonzero(values == best)
    return hits[np.searchsorted(hits, edges[:-1])]


def _heal(path: Path) -> None:
    """Cut off a torn last point, left by a writer that was killed."""
    if path.exists() and (extra := path.stat().st_size % POINT.itemsize):
        os.truncate(path, path.stat().st_size - extra)
