"""COCO's run-length masks: decoded, and traced into outlines with holes that lie exactly on the pixels' edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.codecs.limits import check_size
from data.errors import UserError

Bits = NDArray[np.bool_]
Ring = list[float]
"""x, y, x, y ... of a closed line."""


def decode_runs(said: Mapping[str, Any]) -> Bits:
    """The mask bool [height, width] of ``{"size": [height, width], "counts": text or list}``.

    Runs go down the columns and alternate, beginning with what is not in the mask. Written as text, each is a number in
    pieces of 5 bits, lowest first, plus 48, with bit 5 where more follow and the sign in bit 4 of the last; from the
    fourth on it is the difference to the one before the last (COCO API, common/maskApi.c, rleFrString). Raises
    UserError where that is not what is there.
    """
    height, width = _size(said.get("size"))
    counts = said.get("counts")
    runs = _unpacked(counts) if isinstance(counts, str) else _listed(counts)
    if runs.min(initial=0) < 0 or int(runs.sum()) != height * width:
        raise UserError(f"Its mask's runs do not fill {width} x {height} pixels.")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(width, height).T


def _size(said: Any) -> tuple[int, int]:
    if not (isinstance(said, list) and len(said) == 2 and all(type(side) is int and side > 0 for side in said)):
        raise UserError("Its mask has no size.")
    check_size(said[1], said[0])
    return said[0], said[1]


def _listed(counts: Any) -> NDArray[np.int64]:
    if not isinstance(counts, list) or not all(type(count) is int and 0 <= count < 1 << 40 for count in counts):
        raise UserError("Its mask has no runs.")
    return np.array(counts, np.int64)


def _unpacked(text: str) -> NDArray[np.int64]:
    codes = np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.int64) - 48
    if not len(codes):
        return np.empty(0, np.int64)
    last = (codes & 32) == 0
    if codes.min() < 0 or codes.max() > 63 or not last[-1]:
        raise UserError("Its mask's runs are no run-length text.")
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    place = np.arange(len(codes)) - np.repeat(starts, ends - starts + 1)
    if place.max() > 7:  # 40 bits: more pixels than any picture has
        raise UserError("Its mask's runs are no run-length text.")
    values = np.add.reduceat((codes & 31) << (5 * place), starts)
    negative = (codes[ends] & 16) != 0
    values[negative] -= 1 << (5 * (place[ends][negative] + 1))
    # Each from the fourth on adds to the one two before: two sums side by side, and the first number stands alone.
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def outlines(mask: Bits) -> tuple[list[Ring], list[Ring]]:
    """The outer lines of a mask bool [height, width] and those of its holes, corners only, in pixels.

    Pixels that touch in a corner only are not together. What lies inside an odd number of all lines is the mask.
    """
    across, down = _edges(mask), _edges(mask.T)
    # The mask is to the right of where a line goes: along the top edge of a pixel rightwards, down its right edge.
    steps: dict[tuple[int, int, int], tuple[int, int]] = {}
    for y, begin, end, sign in across:
        step = (begin, end) if sign > 0 else (end, begin)
        steps[step[0], y, 0 if sign > 0 else 2] = (step[1], y)
    for x, begin, end, sign in down:
        step = (end, begin) if sign > 0 else (begin, end)
        steps[x, step[0], 3 if sign > 0 else 1] = (x, step[1])
    outer: list[Ring] = []
    holes: list[Ring] = []
    while steps:
        (x, y, heading), _ = next(iter(steps.items()))
        ring: Ring = []
        area = 0
        while (x, y, heading) in steps:
            step = steps.pop((x, y, heading))
            area += x * step[1] - step[0] * y
            ring += (float(x), float(y))
            x, y = step
            # A right turn first: it stays with the same pixel where two meet in a corner.
            heading = (heading + 1) % 4 if (x, y, (heading + 1) % 4) in steps else (heading + 3) % 4
        (outer if area > 0 else holes).append(ring)
    return outer, holes


def _edges(mask: Bits) -> list[list[int]]:
    """Straight edges between one row and the next: [row, first column, last column + 1, 1 where the mask is below]."""
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.int8)
    padded[1:-1, 1:-1] = mask
    change = np.diff(padded, axis=0)
    rows, columns = np.nonzero(np.diff(change, axis=1))  # where an edge begins, ends, or turns into its opposite
    sign = change[rows, columns + 1]
    return [
        [row, column, end, int(value)]
        for row, column, value, end, next_row in zip(
            rows.tolist(), columns.tolist(), sign.tolist(), np.roll(columns, -1).tolist(), np.roll(rows, -1).tolist(),
            strict=True,
        )
        if value and row == next_row
    ]  # fmt: skip
