"""What is kept of each source file: size in pixels and bytes, checksum, kind; taken while it is read anyway."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import simplejpeg
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image

from data.codecs import jpeg, png

COLUMNS = {
    "source_width": np.uint32,
    "source_height": np.uint32,
    "source_bytes": np.uint64,
    "source_sum": np.uint64,
    "source_kind": np.uint8,
}
"""The columns beside labels.npy, in the order of SourceFacts: upright pixels, bytes, checksum, place in KINDS."""

KINDS = ("unknown", "png", "jpeg", "gif", "bmp", "webp", "tiff", "jpeg2000", "avif", "psd", "ico", "pnm")
PNG = 1
_BY_HEAD = {
    b"\x89P": PNG,
    b"\xff\xd8": 2,
    b"GI": 3,
    b"BM": 4,
    b"RI": 5,
    b"II": 6,
    b"MM": 6,
    b"\xff\x4f": 7,
    b"8B": 9,
    **{b"P" + bytes([digit]): 11 for digit in b"123456"},
}
EXTENSIONS = {
    "png": "png", "apng": "png", "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "gif": "gif",
    "bmp": "bmp", "dib": "bmp", "webp": "webp", "tif": "tiff", "tiff": "tiff", "jp2": "jpeg2000", "j2k": "jpeg2000",
    "avif": "avif", "psd": "psd", "ico": "ico", "ppm": "pnm", "pgm": "pnm", "pbm": "pnm", "pnm": "pnm",
}  # fmt: skip
"""The kind that a file name's ending promises."""
_ORIENTATION = 0x0112  # EXIF tag
_ON_ITS_FEET = 4
"""EXIF orientations above this one lay the picture on its side."""


class SourceFacts(NamedTuple):
    """What is known of one source file; width and height are 0 where its header could not be understood."""

    width: int
    height: int
    bytes: int
    sum: int
    kind: int


def facts_of(data: bytes) -> SourceFacts:
    """The facts of an image file's content. Reads headers only."""
    return SourceFacts(*picture_size(data), len(data), checksum(data), kind_of(data))


def checksum(data: bytes) -> int:
    """Adler-32 and CRC-32 in one number of 64 bits.

    CRC-32 alone will not do: a PNG holds CRCs of its own parts, which makes those of whole PNGs agree far too often.
    """
    return isal_zlib.adler32(data) << 32 | isal_zlib.crc32(data)


def facts_table(known: Sequence[SourceFacts | bytes], width: int, height: int) -> NDArray[np.uint64]:
    """One row of SourceFacts each, uint64; the content of a PNG of ``width`` x ``height`` stands for its facts.

    The contents are looked at together, since a tiny image is prepared in less time than a few lines of Python take.
    """
    table = np.empty((len(known), len(COLUMNS)), np.uint64)
    ready = [item for item in known if type(item) is bytes]
    whole = len(ready) == len(known)
    rows = slice(None) if whole else [place for place, item in enumerate(known) if type(item) is bytes]
    table[rows, 0], table[rows, 1], table[rows, 4] = width, height, PNG
    table[rows, 2] = list(map(len, ready))
    sums = np.array([list(map(isal_zlib.adler32, ready)), list(map(isal_zlib.crc32, ready))], np.uint64)
    table[rows, 3] = sums[0] << np.uint64(32) | sums[1]
    if not whole:
        others = [place for place, item in enumerate(known) if type(item) is not bytes]
        table[others] = [known[place] for place in others]
    return table


def kind_of(data: bytes) -> int:
    """What a file is by its first bytes: a place in KINDS, 0 where it is none of them."""
    if kind := _BY_HEAD.get(data[:2]):
        return kind
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return KINDS.index("avif")
    if data[4:8] == b"jP  ":
        return KINDS.index("jpeg2000")
    return KINDS.index("ico") if data[:4] == b"\0\0\1\0" else 0


def picture_size(data: bytes) -> tuple[int, int]:
    """(width, height) of the upright picture by its header; (0, 0) where there is none that can be understood."""
    if data.startswith(png.MAGIC) and data[12:16] == b"IHDR" and b"eXIf" not in data[:4096]:
        return struct.unpack_from(">II", data, 16)
    if data.startswith(jpeg.MAGIC) and (turned := jpeg.orientation(data)) != jpeg.UNSURE:
        try:
            height, width, _, _ = simplejpeg.decode_jpeg_header(data, strict=False)
        except ValueError:
            return _size_by_pillow(data)
        return (width, height) if turned <= _ON_ITS_FEET else (height, width)
    return _size_by_pillow(data)


def _size_by_pillow(data: bytes) -> tuple[int, int]:
    """The same for any format; the pixels are not unpacked."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            # Pillow turns a TIFF upright by itself, and its size is the upright one already.
            turned = 1 if image.format == "TIFF" else image.getexif().get(_ORIENTATION, 1)
            return image.size if turned <= _ON_ITS_FEET else image.size[::-1]
    except Exception:  # noqa: BLE001  Pillow's plug-ins let out errors of every type; the size is then not known
        return 0, 0
