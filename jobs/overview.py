"""Long curves at a glance: extremes and sums of blocks of their points, kept in memory and extended as the file grows.

A screen shows a thousand points of ten million. Looking through all of them takes a tenth of a second and all of the
file; what each block of BLOCK points holds is enough to find the same extremes, and is known from the last look.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from jobs import series
from jobs.series import Points

BLOCK = 1024
LONG = 1024 * BLOCK
"""Points from which on blocks are used; of fewer all are looked at, and a block is a pixel or less."""
KEPT = 512  # curves: 32 bytes a block, so 10 million points are 0.3 MB
_AT_ONCE = 256  # blocks copied at a time: half of a processor's cache
_ROW = np.dtype([("low", "<i8"), ("high", "<i8"), ("total", "<f8"), ("known", "<i8")])


@dataclass
class Blocks:
    """Of each whole block: indices of its least and its greatest value, sum and number of its finite values.

    A block of NaN alone has its first index for both.
    """

    rows: NDArray[np.void] = field(default_factory=lambda: np.empty(0, _ROW))
    last: bytes = b""  # the last point that is in a block: another one there means that the file was cut and regrown

    def extend(self, points: Points) -> None:
        """Take in the whole blocks of the file that are not known yet."""
        if self.rows.size and self._regrown(points):
            self.rows = np.empty(0, _ROW)
        made = [self.rows]
        whole = len(points) // BLOCK
        for first in range(self.rows.size, whole, _AT_ONCE):
            made.append(_summed(points, first, min(whole, first + _AT_ONCE)))
        if len(made) > 1:
            self.rows = np.concatenate(made)
            self.last = points[self.rows.size * BLOCK - 1].tobytes()

    def _regrown(self, points: Points) -> bool:
        end = self.rows.size * BLOCK
        return len(points) < end or points[end - 1].tobytes() != self.last


def _summed(points: Points, first: int, stop: int) -> NDArray[np.void]:
    """The rows of blocks [first, stop)."""
    values = points["value"][first * BLOCK : stop * BLOCK].reshape(-1, BLOCK).copy()
    rows = np.empty(stop - first, _ROW)
    low, high = series.extremes(values)
    starts = np.arange(first, stop) * BLOCK
    rows["low"], rows["high"] = starts + low, starts + high
    rows["known"], rows["total"] = BLOCK, values.sum(1)
    for row in np.flatnonzero(~np.isfinite(rows["total"])):
        finite = values[row][np.isfinite(values[row])]
        rows["known"][row], rows["total"][row] = len(finite), finite.sum()
    return rows


class Overviews:
    """The blocks of the curves looked at last, by file; may be used by several threads."""

    def __init__(self, size: int = KEPT) -> None:
        self.size = size
        self._blocks: OrderedDict[Path, Blocks] = OrderedDict()
        self._lock = Lock()

    def get(self, path: Path, points: Points) -> NDArray[np.void]:
        """The rows of the whole blocks among ``points``, all of the file at ``path``."""
        with self._lock:
            blocks = self._blocks.setdefault(path, Blocks())
            self._blocks.move_to_end(path)
            while len(self._blocks) > self.size:
                self._blocks.popitem(last=False)
            blocks.extend(points)
            return blocks.rows


_OVERVIEWS = Overviews()


def glance(
    root: Path, curve: str, window: slice = slice(None), width: int = 1000, smooth: float = 0.0
) -> tuple[Points, NDArray[np.float64]]:
    """About ``width`` points of a curve in a window of indices, no spike lost, and their smoothed values.

    Smoothed values weigh every point of the window, as :func:`jobs.series.smooth`; those of a long one by the means
    of blocks, each a pixel wide or less. Without ``smooth`` they are the values.
    """
    points = series.read(root, curve)
    start, stop, _ = window.indices(len(points))
    if stop - start < LONG:
        return series.thin_smooth(points[start:stop], width, smooth)
    rows = _OVERVIEWS.get(series.path_of(root, curve), points)
    shown = np.unique(_kept(points, rows, (start, stop), width))
    found: Points = points[shown]
    if not smooth:
        return found, found["value"].astype(np.float64)
    first, last = -(-start // BLOCK), stop // BLOCK
    means = _means(points, rows[first:last], first)
    return found, np.interp(found["step"], means["step"], series.smooth(means, smooth))


def _kept(points: Points, rows: NDArray[np.void], ends: tuple[int, int], width: int) -> NDArray[np.int64]:
    """Indices of the extremes: of the window's ragged ends by looking at them, between them by the blocks."""
    start, stop = ends
    first, last = -(-start // BLOCK), stop // BLOCK
    edges = np.linspace(0, last - first, max(1, min(last - first, width // 2 - 2)) + 1).astype(np.int64)
    found = [np.array([start, stop - 1])]
    for name, sign in (("low", 1.0), ("high", -1.0)):
        places = rows[name][first:last]
        values = sign * points["value"][places]
        values = np.where(np.isnan(values), np.inf, values)
        found.append(places[series.first_least(values, edges)])
    for low, high in ((start, first * BLOCK), (last * BLOCK, stop)):
        if high > low:
            found += [low + place for place in series.extremes(points["value"][low:high].reshape(1, -1).copy())]
    return np.concatenate(found)


def _means(points: Points, rows: NDArray[np.void], first: int) -> Points:
    """One point for each block: its last step, and the mean of its finite values."""
    made = np.empty(rows.size, series.POINT)
    ends = (first + 1 + np.arange(rows.size)) * BLOCK - 1
    made["step"], made["wall"] = points["step"][ends], points["wall"][ends]
    made["value"] = np.where(rows["known"] > 0, rows["total"] / np.maximum(rows["known"], 1), np.nan)
    return made
