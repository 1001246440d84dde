"""Any image format through Pillow: the reference that the fast codecs must equal, and the words for what goes wrong."""

from __future__ import annotations

import io
import logging
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from data.codecs import png
from data.codecs.limits import check_size, too_large
from data.errors import UserError

if TYPE_CHECKING:
    from data.codecs import Pixels

FORMATS = (
    "JPEG",
    "MPO",
    "PNG",
    "BMP",
    "DIB",
    "PPM",
    "GIF",
    "WEBP",
    "TIFF",
    "AVIF",
    "ICO",
    "JPEG2000",
    "SGI",
    "PSD",
    "TGA",
)
"""What is tried. Left out on purpose: EPS and other formats that start an interpreter."""

_MAGICS = {
    b"\x89PNG": "a PNG",
    b"\xff\xd8": "a JPEG",
    b"GIF8": "a GIF",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"BM": "a BMP",
    b"RIFF": "a WebP",
    b"\x00\x05\x16\x07": "macOS metadata",
}
_UNKNOWN = 0
_HUGE = 1e300
_BITS_PER_SAMPLE = 258  # TIFF tag
_DAMAGED = "The image data are damaged: {}."
_RESAVE = "Open it in an image program and save it again, or copy it anew from its source."


def quiet() -> None:
    """Keep Pillow's warnings out of the logs: a million photos have thousands of odd EXIF blocks.

    What matters, a file that cannot be read, is reported with its path in the list of failures.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)


quiet()


def decode(data: bytes, channels: int) -> Pixels:
    """As ``data.codecs.decode``, by Pillow alone."""
    try:
        return _decode(data, channels)
    except UserError:
        if data.startswith(png.MAGIC) and (whole := png.mended(data)):
            return _decode(whole, channels)
        raise


def _decode(data: bytes, channels: int) -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as image:
            check_size(*image.size)
            bits = _sample_bits(image)
            image.load()
            upright = _upright(image)
            flat = _in_range(np.asarray(upright)) if bits == _UNKNOWN else _flat(upright, bits)
            return _array(flat, channels)
    except UserError:
        raise
    except MemoryError:
        raise UserError("There is not enough memory to unpack this image.", hint="Scale it down first.") from None
    except Exception as error:  # noqa: BLE001  Pillow's plug-ins let out errors of every type for damaged files
        raise explain(error, data) from None


@cache
def _formats() -> tuple[str, ...]:
    """Those of FORMATS that this build of Pillow has; loads its plug-ins."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _flat(image: Image.Image, bits: int) -> Image.Image:
    """An image of any mode as "L" or "RGB": transparency on white, 16 bits scaled to 8, CIELAB by colour profile."""
    if bits > 8:
        samples = np.asarray(image).astype(np.int64)
        return Image.fromarray((samples >> (bits - 8)).clip(0, 255).astype(np.uint8))
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        return converted if converted is not None else image.convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        flat = Image.alpha_composite(white, layer)
        return flat.convert("L" if image.mode in ("L", "LA", "1") else "RGB")
    if image.mode in ("1", "L", "LA"):
        return image.convert("L")
    return image.convert("RGB")


def explain(error: Exception, data: bytes) -> UserError:
    """What went wrong with the file, in words, and what to do."""
    text = str(error).rstrip(". ")
    if not data:
        return UserError("The file is empty.", hint="Copy it again from its source.")
    if isinstance(error, Image.DecompressionBombError):
        return too_large("")
    if isinstance(error, UnidentifiedImageError):
        return UserError(f"This is not an image that can be read{_looks_like(data)}.", hint=_RESAVE)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return UserError("The file ends too early: a part of the image is missing.", hint=_RESAVE)
    return UserError(_DAMAGED.format(text or type(error).__name__), hint=_RESAVE)


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; a broken EXIF block must not cost the picture."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  Pillow's EXIF reader lets out struct.error, TypeError, SyntaxError and others
        return image


def _sample_bits(image: Image.Image) -> int:
    """Bits a grey sample where they are more than 8 (up to 16, as the file declares: 12, say), else 8.

    _UNKNOWN for signed, 32-bit and float samples, which have no agreed black and white.
    """
    if image.mode == "F" or (image.mode == "I" and image.format not in ("PPM", "PNG")):
        return _UNKNOWN
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return 8
    declared = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    return max(8, min(16, int(declared[0] if isinstance(declared, tuple) else declared)))


def _in_range(samples: NDArray[Any]) -> Image.Image:
    """Signed, 32-bit and float samples as 8 bits: from the smallest usual range that holds all of them.

    The ranges are 0..1 (floats only), 0..255 and 0..65535; samples that leave them all are stretched from the least to
    the most of this image. What is no number (NaN) is black, infinities are the ends.
    """
    values = np.nan_to_num(samples.astype(np.float64), nan=np.nan, posinf=_HUGE, neginf=-_HUGE)
    finite = values[np.abs(values) < _HUGE]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    ends = (1.0, 255.0, 65535.0) if samples.dtype.kind == "f" else (255.0, 65535.0)
    end = next((end for end in ends if high <= end), None) if low >= 0 else None
    low, high = (low, high) if end is None else (0.0, end)
    scaled = (values - low) / (high - low or 1.0) * 255.0
    return Image.fromarray(np.nan_to_num(scaled, nan=0.0).round().clip(0, 255).astype(np.uint8))


def _array(image: Image.Image, channels: int) -> Pixels:
    mode = "L" if channels == 1 else "RGB"
    pixels = np.array(image if image.mode == mode else image.convert(mode))
    return pixels[..., None] if channels == 1 else pixels


def _looks_like(data: bytes) -> str:
    """A guess from the first bytes, for the sentence."""
    head = data[:256].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return " (it looks like a web page: a download may have gone wrong)"
    if head.startswith(b"version https://git-lfs"):
        return " (it is a Git LFS pointer: fetch the real file with `git lfs pull`)"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1"):
        return " (it is a HEIC photo: export it as JPEG)"
    for magic, name in _MAGICS.items():
        if data.startswith(magic):
            return f" (it begins like {name}, but what follows is damaged or of a rare kind)"
    return "" if any(data[:4096]) else " (it holds only zeros: an interrupted copy)"
