"""Bytes to pixels and back: fast codecs for JPEG and PNG, Pillow for everything else."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.codecs import any_format, jpeg, png

Pixels: TypeAlias = NDArray[np.uint8]
"""uint8, (height, width, channels), channels 1 (grey) or 3 (RGB), C-contiguous."""

MIMETYPES = {"png": "image/png", "jpg": "image/jpeg"}


def decode(data: bytes, channels: int, least: jpeg.Least | None = None) -> Pixels:
    """Any image file's content as upright uint8 pixels with 1 (grey) or 3 (RGB) channels.

    EXIF orientation is applied, transparency is laid on white, the first frame of an animation is taken, 16 bits are
    scaled to 8. Raises UserError (reason and hint, no file name) for what is no image, damaged, cut off, or too large.
    The fast codecs take only what they decode to the same pixels as Pillow; all the rest falls through to Pillow.
    ``least(size)`` says how many pixels are needed of an image of this size: a JPEG may then come out smaller.
    """
    if data.startswith(jpeg.MAGIC):
        pixels = jpeg.decode(data, channels, least)
    elif data.startswith(png.MAGIC):
        pixels = png.decode(data, channels)
    else:
        pixels = None
    return any_format.decode(data, channels) if pixels is None else pixels


def encode(pixels: Pixels, encoding: str, quality: int = 90) -> bytes:
    """Pixels as stored in a dataset: "png" (lossless), "jpg" (``quality`` 1..100) or "raw" (the bytes, row by row)."""
    if encoding == "jpg":
        return jpeg.encode(pixels, quality)
    return png.encode(pixels) if encoding == "png" else pixels.tobytes()


def decode_record(value: bytes | memoryview, encoding: str, out: Pixels) -> None:
    """Decode what :func:`encode` made into ``out``, whose shape is known. Raises ValueError where it is damaged."""
    if encoding == "raw":
        out[...] = np.frombuffer(value, np.uint8).reshape(out.shape)
    elif encoding == "jpg":
        jpeg.decode_into(value, out)
    else:
        png.decode_into(value, out)
