"""JPEG by libjpeg-turbo (simplejpeg): the same pixels as Pillow's, without the copies in between."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg

from data.codecs.grey import to_grey
from data.codecs.limits import check_size
from data.placement import Size

if TYPE_CHECKING:
    from data.codecs import Pixels

MAGIC = b"\xff\xd8\xff"
_APP1 = 0xE1
_START_OF_SCAN = 0xDA
_END = 0xD9
_ORIENTATION = 0x0112  # EXIF tag
_SHORT = 3  # TIFF field type
UNSURE = 0
_ON_ITS_FEET = 4
"""EXIF orientations above this one lay the picture on its side."""
_HALVES = (8, 4, 2)
"""Scaled decoding: libjpeg has fast inverse transforms for these fractions; the eighths between them are slower."""
_LARGEST_SHIFT = 0.25
"""Of a pixel of the record, at its far edge."""

Least = Callable[[Size], Size]
"""``least(size)``: how many pixels are needed of an upright picture of this size."""


def decode(data: bytes, channels: int, least: Least | None = None) -> Pixels | None:
    """Upright pixels of an ordinary JPEG; None where Pillow has to decide (CMYK, an odd EXIF block, any damage).

    Grey is computed from the RGB pixels as Pillow does, not taken from the luma plane: saturated colours that the RGB
    cube clips would come out differently. Where ``least`` is given, the picture may come out at a half, a quarter or an
    eighth of its size, never with fewer pixels than it asks for.
    """
    turned = orientation(data)
    turn = _TURNS.get(turned)
    if turn is None:
        return None
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data)
        check_size(width, height)
        most = {} if least is None else _shrunk(Size(width, height), turned, least)
        if colorspace == "Gray":
            grey = simplejpeg.decode_jpeg(data, "GRAY", fastdct=False, fastupsample=False, **most)
            return turn(grey if channels == 1 else np.repeat(grey, 3, axis=2))
        if colorspace not in ("YCbCr", "RGB"):
            return None
        rgb = simplejpeg.decode_jpeg(data, "RGB", fastdct=False, fastupsample=False, **most)
    except ValueError:  # libjpeg warned or failed; Pillow tells a harmless warning from real damage
        return None
    return turn(rgb if channels == 3 else to_grey(rgb))


def _shrunk(stored: Size, turned: int, least: Least) -> dict[str, int]:
    """What makes simplejpeg decode a picture as small as ``least`` of its upright size allows."""
    needed = least(stored) if turned <= _ON_ITS_FEET else Size(*reversed(least(Size(*reversed(stored)))))
    for part in _HALVES:
        sides = [_part_of(length, part, wanted) for length, wanted in zip(stored, needed, strict=True)]
        if all(sides):
            return {"min_width": sides[0], "min_height": sides[1]}
    return {}


def _part_of(length: int, part: int, needed: int) -> int:
    """A side divided by ``part``; 0 where too little would be left, or the picture would shift by what is rounded up.

    The last pixel of 101 for 803 stands for three: scaled to 96, the far edge would be off by half a pixel.
    """
    side = -(-length // part)
    shift = (side * part - length) / length * needed
    return side if side >= needed and shift <= _LARGEST_SHIFT else 0


def bare(data: bytes, channels: int) -> bytes | None:
    """An undamaged, upright JPEG of 8-bit grey or colour without its metadata, pixels untouched; None for others.

    What :func:`decode` gives for it is what a browser shows. JFIF's and Adobe's segments stay, as they say how colours
    are stored; EXIF (places, names), XMP, colour profiles, comments and what follows the end are dropped.
    """
    if orientation(data) != 1 or decode(data, channels) is None:
        return None
    if simplejpeg.decode_jpeg_header(data)[2] != ("Gray" if channels == 1 else "YCbCr"):
        return None
    kept, at = [data[:2]], 2
    while (segment := _segment(data, at)) is not None:
        at += len(segment)
        if not _metadata(segment[1]):
            kept.append(segment)
        if segment[1] == _END:
            return b"".join(kept)
    return None


def _segment(data: bytes, at: int) -> bytes | None:
    """The marker segment at ``at``, a scan with its entropy-coded data; None where no segment begins there."""
    if at + 2 > len(data) or data[at] != 0xFF:
        return None
    marker = data[at + 1]
    if marker == _END:
        return data[at : at + 2]
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    while marker == _START_OF_SCAN and end + 1 < len(data):
        end = data.find(b"\xff", end)
        if end < 0:
            return None
        if data[end + 1] and not 0xD0 <= data[end + 1] <= 0xD7:  # neither a stuffed 255 nor a restart
            break
        end += 2
    return data[at:end] if at + 4 <= end <= len(data) else None


def _metadata(marker: int) -> bool:
    """APP1 to APP13, APP15 and comments."""
    return marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)


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


def orientation(data: bytes) -> int:
    """EXIF orientation 1..8 (1: upright, as where nothing is said), or UNSURE: Pillow then looks closer.

    Reads the segment headers only. An XMP packet that names an orientation, or a second EXIF block, is left to Pillow.
    """
    at = 2
    found: list[int] = []
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _START_OF_SCAN:
            return UNSURE if len(found) > 1 else (found or [1])[0]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _APP1:
            segment = data[at + 4 : at + 2 + size]
            if segment.startswith(b"Exif\0\0"):
                found.append(_exif_orientation(segment[6:]))
            elif b"rientation" in segment:
                return UNSURE
        at += 2 + size
    return UNSURE


def _exif_orientation(tiff: bytes) -> int:
    """The orientation tag of the first directory (TIFF 6.0, section 2); 1 where there is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UNSURE
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, kind, values, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION and (kind, values) == (_SHORT, 1):
                return int(value) if value in _TURNS else 1
            if tag == _ORIENTATION:
                return UNSURE
    except struct.error:  # cut off
        return UNSURE
    return 1


def _turned(turn: Callable[[Pixels], Pixels]) -> Callable[[Pixels], Pixels]:
    # a copy, not ascontiguousarray: that keeps the negative stride of a side of one pixel, which torch does not take
    return lambda pixels: np.array(turn(pixels), order="C")


_TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda pixels: pixels,
    2: _turned(np.fliplr),
    3: _turned(lambda pixels: np.rot90(pixels, 2)),
    4: _turned(np.flipud),
    5: _turned(lambda pixels: pixels.transpose(1, 0, 2)),
    6: _turned(lambda pixels: np.rot90(pixels, 3)),
    7: _turned(lambda pixels: np.rot90(pixels, 2).transpose(1, 0, 2)),
    8: _turned(np.rot90),
}
"""What makes a picture of each EXIF orientation upright (EXIF 2.32, section 4.6.4)."""
