"""Bringing annotations to the size at which a picture is stored: pure arithmetic on arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.objects.table import Shapes
from data.placement import Size


def stored_size(source: Size, longest: int | None) -> Size:
    """The size at which a picture is stored: its own, or scaled so that its longer side is ``longest`` pixels."""
    most = max(source)
    if longest is None or most <= longest:
        return source
    return Size(*(max(1, round(side * longest / most)) for side in source))


def scaled(shapes: Shapes, across: float, down: float) -> Shapes:
    """All coordinates multiplied: x by ``across``, y by ``down``. Nothing is clipped: what leaves the picture stays."""
    if (across, down) == (1.0, 1.0):
        return shapes
    box = (shapes.box.astype(np.float64) * (across, down, across, down)).astype(np.float32)
    points = (shapes.points.astype(np.float64) * (across, down, 1.0)).astype(np.float32)
    return replace(shapes, box=box, points=points)


def picked(shapes: Shapes, row: int) -> Shapes:
    """The objects of one picture, numbered from 0."""
    first, last = int(shapes.idx[row]), int(shapes.idx[row + 1])
    low, high = np.searchsorted(shapes.parts[:, 0], (first, last))
    begin = int(shapes.parts[low, 2]) if low < len(shapes.parts) else len(shapes.points)
    end = int(shapes.parts[high, 2]) if high < len(shapes.parts) else len(shapes.points)
    parts = np.array(shapes.parts[low:high] - (first, 0, begin), np.int64)
    return Shapes(
        np.array([0, last - first], np.int64),
        np.array(shapes.cls[first:last]),
        np.array(shapes.flags[first:last]),
        np.array(shapes.box[first:last]),
        parts,
        np.array(shapes.points[begin:end]),
    )


def joined(pieces: list[Shapes]) -> Shapes:
    """Several runs of pictures, one after the other, as one."""
    none = Shapes(
        np.zeros(1, np.int64),
        np.empty(0, np.int32),
        np.empty(0, np.uint8),
        np.empty((0, 4), np.float32),
        np.empty((0, 3), np.int64),
        np.empty((0, 3), np.float32),
    )
    if not pieces:
        return none
    starts = np.cumsum([0, *(len(piece.cls) for piece in pieces)]).astype(np.int64)
    points = np.cumsum([0, *(len(piece.points) for piece in pieces)]).astype(np.int64)
    shift = [piece.parts + np.array((starts[at], 0, points[at])) for at, piece in enumerate(pieces)]
    ends = [piece.idx[1:] + starts[at] for at, piece in enumerate(pieces)]
    return Shapes(
        np.concatenate([np.zeros(1, np.int64), *ends]),
        np.concatenate([piece.cls for piece in pieces]),
        np.concatenate([piece.flags for piece in pieces]),
        np.concatenate([piece.box for piece in pieces]),
        np.concatenate(shift).astype(np.int64),
        np.concatenate([piece.points for piece in pieces]),
    )


def classes_in(cls: NDArray[np.int32], classes: int) -> NDArray[np.int64]:
    """How many objects of each class, int64 [classes]."""
    return np.bincount(cls, minlength=classes).astype(np.int64)
