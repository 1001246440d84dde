"""Many small pictures on one: what a page cuts into thumbnails. Pillow only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.codecs import encode
from data.placement import Size

QUALITY = 92
BACKGROUND = 128


def fitted(size: Size, cell: int) -> Size:
    """How large a picture is drawn: scaled to fit the cell; a small one by a whole factor, so that its pixels show."""
    scale = cell / max(size)
    if scale >= 2:
        scale = int(scale)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def thumb(pixels: NDArray[np.uint8], cell: int, size: Size | None = None) -> Image.Image:
    """A picture uint8 [h, w, 1 or 3] fitted to the cell; ``size`` is its real one where it is a smaller copy."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    target = fitted(size or Size(*image.size), cell)
    enlarged = target.width > image.width
    return image.resize(target, Image.Resampling.NEAREST if enlarged else Image.Resampling.BILINEAR)


def sheet(rows: Sequence[Sequence[Image.Image | None]], cell: int) -> bytes:
    """One JPEG of square cells, row by row; each picture lies at the top left of its cell. Rows are equally long."""
    canvas = Image.new("RGB", (cell * max(1, len(rows[0])), cell * len(rows)), (BACKGROUND,) * 3)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            if picture is not None:
                canvas.paste(picture, (across * cell, down * cell))
    return encode(np.asarray(canvas), "jpg", QUALITY)
