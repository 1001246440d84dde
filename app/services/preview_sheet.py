"""All pictures of a preview in one JPEG: the originals on top, then a row for every resize mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.codecs import encode
from data.errors import UserError
from data.placement import Size
from data.previews import Original, Record

Made = Mapping[str, Record | UserError]
QUALITY = 92
BACKGROUND = 128


@dataclass(frozen=True)
class Cells:
    """What is drawn for one image: its thumbnail and those of its records by mode, each fitted to a cell."""

    original: Image.Image | None
    modes: Mapping[str, Image.Image]


def fitted(size: Size, cell: int) -> Size:
    """How large a picture is drawn: scaled to fit the cell; a small one by a whole factor, so that its pixels show."""
    scale = cell / max(size)
    if scale >= 2:
        scale = int(scale)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def draw(original: Original | None, made: Made, cell: int) -> Cells:
    """Draw one image's cells; modes that refuse it have none."""
    modes = {name: _thumb(one.pixels, cell) for name, one in made.items() if isinstance(one, Record)}
    if original is None:
        return Cells(None, modes)
    small = original.for_size(fitted(original.size, cell))
    return Cells(_thumb(small, cell, original.size), modes)


def sheet(columns: Sequence[Cells], modes: Sequence[str], cell: int) -> bytes:
    """One JPEG of ``len(columns)`` x ``1 + len(modes)`` square cells; each picture lies at the top left of its cell."""
    canvas = Image.new("RGB", (cell * max(1, len(columns)), cell * (1 + len(modes))), (BACKGROUND,) * 3)
    for column, cells in enumerate(columns):
        pictures = [cells.original, *(cells.modes.get(mode) for mode in modes)]
        for row, picture in enumerate(pictures):
            if picture is not None:
                canvas.paste(picture, (column * cell, row * cell))
    pixels: NDArray[np.uint8] = np.asarray(canvas)
    return encode(pixels, "jpg", QUALITY)


def _thumb(pixels: NDArray[np.uint8], cell: int, size: Size | None = None) -> Image.Image:
    """A picture fitted to the cell; ``size`` is its real one where the pixels are a smaller copy."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    target = fitted(size or Size(*image.size), cell)
    enlarged = target.width > image.width
    return image.resize(target, Image.Resampling.NEAREST if enlarged else Image.Resampling.BILINEAR)
