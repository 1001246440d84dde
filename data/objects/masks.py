"""Masks as files hold them: index PNGs and palettes to class numbers, one uint8 a pixel."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.codecs.any_format import explain
from data.codecs.limits import check_size
from data.errors import UserError
from data.objects.palette import Palette, colours_in
from data.placement import Size

Mask = NDArray[np.uint8]
"""uint8 (height, width): the class number of each pixel."""

VOID = 255
"""The number that, unnamed, means "no class" (Pascal VOC, Cityscapes)."""


def decode_mask(data: bytes, palette: Palette | None = None) -> Mask:
    """The class numbers in a mask file: palette places, grey values, or colours whose channels are equal.

    With a ``palette``, what its colours mean. Raises UserError (reason and hint, no file name) for damage, numbers
    above 255, and colours that are no numbers, or none of the palette's.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            check_size(*image.size)
            image.load()
            return _numbers(image) if palette is None else palette.numbers(np.asarray(image.convert("RGB")))
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001  Pillow's plug-ins let out errors of every type for damaged files
        raise explain(error, data) from None


def survey_mask(data: bytes) -> tuple[list[int], int | None, bool]:
    """The colours in a mask file, the highest class number in it (None: it has colours instead), whether it is RGB.

    Raises UserError where it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            check_size(*image.size)
            image.load()
            colours = colours_in(np.asarray(image.convert("RGB")))
            coloured = image.mode in ("RGB", "RGBA")
            if coloured and any(colour % 0x10101 for colour in colours):
                return colours, None, True
            mask = _numbers(image)
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001  Pillow's plug-ins let out errors of every type for damaged files
        raise explain(error, data) from None
    return colours, int(mask[mask != VOID].max(initial=0)), coloured


def palette_of(data: bytes) -> list[str] | None:
    """The colours "#rrggbb" of a palette mask by class number; None for one without a palette."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode != "P" or image.palette is None:
                return None
            values = image.getpalette("RGB") or []
    except Exception:  # noqa: BLE001  a damaged mask is reported where it is decoded; here only its colours are asked
        return None
    return ["#{:02x}{:02x}{:02x}".format(*values[at : at + 3]) for at in range(0, len(values) - 2, 3)]


def resized(mask: Mask, size: Size) -> Mask:
    """Scaled by nearest neighbour: class numbers cannot be mixed."""
    if mask.shape == (size.height, size.width):
        return mask
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def encode_mask(mask: Mask) -> bytes:
    """As a grey PNG whose values are the class numbers."""
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG", compress_level=6)
    return file.getvalue()


def _numbers(image: Image.Image) -> Mask:
    if image.mode in ("L", "P"):
        return np.array(image, np.uint8)
    if image.mode == "1":
        return np.array(image).astype(np.uint8)
    values = np.array(image)
    if values.ndim == 2:
        if values.min() < 0 or values.max() > 255 or (values % 1).any():
            raise UserError(
                f"The mask has values from {values.min():g} to {values.max():g}; class numbers are 0 to 255.",
                hint="Is it a map of instances or depths? Export one with a class number in each pixel.",
            )
        return values.astype(np.uint8)
    colours = values[..., :3] if image.mode in ("RGB", "RGBA") else values[..., :1]
    if (colours != colours[..., :1]).any():
        raise UserError(
            "The mask has colours instead of class numbers.",
            hint="Save it as a palette or grey PNG whose values are the numbers of the classes, as the others are.",
        )
    return np.ascontiguousarray(colours[..., 0])
