"""Any image format through Pillow: the reference that the fast codecs must equal, and the words for what goes wrong."""

from __future__ import annotations

import io
import struct
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from data.codecs.limits import check_size
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

# A set of a million photos has thousands of odd EXIF blocks; each failure is reported once, in the list of failures.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_BITS_PER_SAMPLE = 258  # TIFF tag
_DAMAGED = "The image data are damaged: {}."
_RESAVE = "Open it in an image program and save it again, or copy it anew from its source."


def decode(data: bytes, channels: int) -> Pixels:
    """As ``data.codecs.decode``, by Pillow alone."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            check_size(*image.size)
            image.load()
            flat = to_colours(_upright(image))
            return _array(flat, channels)
    except UserError:
        raise
    except MemoryError:
        raise UserError("There is not enough memory to unpack this image.", hint="Scale it down first.") from None
    except Exception as error:  # noqa: BLE001  Pillow's plug-ins let out errors of every type for damaged files
        raise explain(error, data) from None


def to_colours(image: Image.Image) -> Image.Image:
    """An image of any mode as "L" or "RGB": transparency on white, 16 bits scaled to 8, CIELAB by colour profile."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _eight_bits(image)
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
        return UserError("The image says it has more pixels than is safe to unpack.", hint=f"Scale it down ({text}).")
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


def _eight_bits(image: Image.Image) -> Image.Image:
    """More than 8 bits a sample, scaled to 8 by the range the file declares.

    Signed, 32-bit and float samples have no agreed black and white, so they are refused rather than guessed.
    """
    if image.mode == "F" or (image.mode == "I" and image.format not in ("PPM", "PNG")):
        raise UserError(
            f"The image has {'float' if image.mode == 'F' else 'signed or 32-bit'} samples, whose black and white are "
            "not defined.",
            hint="Save it with 8 or 16 unsigned bits a sample.",
        )
    samples = np.asarray(image).astype(np.int64).clip(0, 65535)
    return Image.fromarray((samples >> (_bits(image) - 8)).clip(0, 255).astype(np.uint8))


def _bits(image: Image.Image) -> int:
    """Bits a sample: what a TIFF declares (12 of 16, say), else 16."""
    declared = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    first = declared[0] if isinstance(declared, tuple) else declared
    return max(8, min(16, int(first)))


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
    if data.startswith(struct.pack(">I", 0x00051607)):
        return " (it holds macOS metadata, not a picture)"
    if not any(data[:4096]):
        return " (it holds only zeros: an interrupted copy)"
    return ""
