"""The activations of the probe images as one picture: for each image a tile of its units' maps. Without torch."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CIVIDIS = ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838")
GAP = 1


def colours() -> NDArray[np.uint8]:
    """256 colours [256, 3], even for every eye (cividis: Nuñez, Anderton, Renslow 2018)."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in CIVIDIS], np.float64)
    places = np.linspace(0, len(stops) - 1, 256)
    return np.stack([np.interp(places, range(len(stops)), stops[:, c]) for c in range(3)], 1).round().astype(np.uint8)


def layout(count: int) -> tuple[int, int]:
    """Columns and rows of a nearly square grid of ``count`` cells."""
    columns = max(1, math.ceil(math.sqrt(count)))
    return columns, math.ceil(count / columns)


def tile(maps: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [units, h, w] beside each other with a gap of no activation: uint8 [height, width]."""
    units, height, width = maps.shape
    columns, rows = layout(units)
    found = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), np.uint8)
    for place, one in enumerate(maps):
        top, left = place // columns * (height + GAP), place % columns * (width + GAP)
        found[top : top + height, left : left + width] = one
    return found


def sprite(maps: NDArray[np.uint8]) -> bytes:
    """A PNG of all probes [probes, units, h, w], ``layout(probes)`` tiles in their order, without gaps."""
    tiles = [tile(one) for one in maps]
    height, width = tiles[0].shape
    columns, rows = layout(len(tiles))
    canvas = np.zeros((rows * height, columns * width), np.uint8)
    for place, one in enumerate(tiles):
        top, left = place // columns * height, place % columns * width
        canvas[top : top + height, left : left + width] = one
    image, file = Image.fromarray(canvas, "P"), BytesIO()
    image.putpalette(colours().tobytes())
    image.save(file, "PNG")
    return file.getvalue()
