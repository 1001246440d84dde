"""JPEG by libjpeg-turbo (simplejpeg): the same pixels as Pillow's, without the copies in between."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg

from data.codecs.grey import to_grey
from data.codecs.limits import check_size

if TYPE_CHECKING:
    from data.codecs import Pixels

MAGIC = b"\xff\xd8\xff"
_APP1 = 0xE1
_START_OF_SCAN = 0xDA
_ORIENTATION = 0x0112  # EXIF tag


def decode(data: bytes, channels: int) -> Pixels | None:
    """Pixels of an ordinary JPEG; None where Pillow has to decide (CMYK, EXIF rotation, anything damaged).

    Grey is computed from the RGB pixels as Pillow does, not taken from the luma plane: saturated colours that the RGB
    cube clips would come out differently.
    """
    if may_be_rotated(data):
        return None
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data)
        check_size(width, height)
        if colorspace == "Gray":
            grey = simplejpeg.decode_jpeg(data, "GRAY", fastdct=False, fastupsample=False)
            return grey if channels == 1 else np.repeat(grey, 3, axis=2)
        if colorspace not in ("YCbCr", "RGB"):
            return None
        rgb = simplejpeg.decode_jpeg(data, "RGB", fastdct=False, fastupsample=False)
    except ValueError:  # libjpeg warned or failed; Pillow tells a harmless warning from real damage
        return None
    return rgb if channels == 3 else to_grey(rgb)


def decode_into(data: bytes | memoryview, out: Pixels) -> None:
    """Decode a JPEG that :func:`encode` made into ``out``, which has its shape. Raises ValueError where damaged."""
    space = "RGB" if out.shape[2] == 3 else "GRAY"
    simplejpeg.decode_jpeg(data, space, fastdct=False, fastupsample=False, buffer=out)


def encode(pixels: Pixels, quality: int = 90) -> bytes:
    """JPEG with 4:2:0 chroma, as Pillow and DIGITS write it."""
    space = "RGB" if pixels.shape[2] == 3 else "GRAY"
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=quality, colorspace=space, colorsubsampling="420", fastdct=False
    )
    return encoded


def may_be_rotated(data: bytes) -> bool:
    """Whether an APP1 segment (EXIF or XMP) asks for another orientation than upright.

    Reads the segment headers only. An orientation it cannot be sure of counts as rotated: Pillow then looks closer.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _START_OF_SCAN:
            return False
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _APP1 and not _upright(data[at + 4 : at + 2 + size]):
            return True
        at += 2 + size
    return True


def _upright(segment: bytes) -> bool:
    """An APP1 segment with EXIF orientation 1 or none, or XMP without an orientation (TIFF 6.0, section 2)."""
    if not segment.startswith(b"Exif\0\0"):
        return b"rientation" not in segment
    tiff = segment[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return False
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION:
                return bool(value == 1)
    except struct.error:  # cut off
        return False
    return True
