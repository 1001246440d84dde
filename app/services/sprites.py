"""Thumbnails of many records in one JPEG, and single pictures as PNG; Pillow only, so the web stays small."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.errors import UserError

if TYPE_CHECKING:
    from data.database import Split

QUALITY = 85


def to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """A uint8 HWC array with 1 or 3 channels as a Pillow image."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """A uint8 HWC array as PNG bytes."""
    file = BytesIO()
    to_image(pixels).save(file, "PNG")
    return file.getvalue()


def sheet(part: Split, indices: list[int], cell: int) -> bytes:
    """The records as one JPEG (quality 85): see :func:`sheet_of`."""
    return sheet_of(part.image, indices, cell)


def sheet_of(read: Callable[[int], NDArray[np.uint8]], indices: Sequence[int], cell: int) -> bytes:
    """Pictures as one JPEG, ``ceil(sqrt(n))`` cells in a row; each is scaled to fit its cell, and grey if unreadable.

    Small pictures are enlarged without blurring, so that a 28x28 digit shows its pixels.
    """
    columns = math.ceil(math.sqrt(len(indices)))
    rows = math.ceil(len(indices) / columns)
    canvas = Image.new("RGB", (columns * cell, rows * cell), "#808080")
    for place, index in enumerate(indices):
        try:
            thumb = _fit(to_image(read(index)), cell)
        except (UserError, ValueError):  # an unreadable file or a damaged record
            continue
        left, top = place % columns * cell, place // columns * cell
        canvas.paste(thumb, (left + (cell - thumb.width) // 2, top + (cell - thumb.height) // 2))
    file = BytesIO()
    canvas.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _fit(image: Image.Image, cell: int) -> Image.Image:
    scale = cell / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BILINEAR if scale < 1 else Image.Resampling.NEAREST)
