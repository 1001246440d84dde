"""Many small pictures in one PNG: a sheet with ``columns`` in a row, each in a square cell, enlarged without blur."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.codecs import encode

GREY = 128
SMALLEST = 12  # side of a tile: a 3x3 filter is shown larger than it is


@dataclass(frozen=True)
class Sheet:
    """``png``, and where tile k is: at column ``k % columns``, row ``k // columns``, ``cell`` pixels wide and high."""

    png: bytes
    columns: int
    cell: int
    count: int

    @property
    def facts(self) -> dict[str, int]:
        """For JSON."""
        return {"columns": self.columns, "cell": self.cell, "count": self.count}


def sheet(tiles: NDArray[np.uint8], largest: int = 64, gap: int = 0) -> Sheet:
    """Tiles uint8 [n, h, w, 3] as a sheet; large ones are thinned to ``largest`` pixels, small ones enlarged.

    ``gap`` pixels between them; they count as part of a cell.
    """
    count, height, width = tiles.shape[:3]
    side = max(height, width, 1)
    if side > largest:
        step = math.ceil(side / largest)
        tiles = _shrunk(tiles, step)
    elif side < SMALLEST:
        factor = math.ceil(SMALLEST / side)
        tiles = tiles.repeat(factor, 1).repeat(factor, 2)
    cell = max(tiles.shape[1:3]) + gap
    columns = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    canvas = np.full((rows * cell, columns * cell, 3), GREY, np.uint8)
    top, left = (cell - tiles.shape[1]) // 2, (cell - tiles.shape[2]) // 2
    for number, tile in enumerate(tiles):
        y, x = number // columns * cell + top, number % columns * cell + left
        canvas[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return Sheet(encode(canvas, "png"), columns, cell, count)


def _shrunk(tiles: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Means of squares of ``step`` pixels."""
    height, width = (size // step * step for size in tiles.shape[1:3])
    cut = tiles[:, :height, :width].reshape(len(tiles), height // step, step, width // step, step, 3)
    means: NDArray[np.uint8] = cut.mean((2, 4)).round().astype(np.uint8)
    return means
