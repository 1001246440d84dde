"""Scaling pixels, antialiased bilinear: by torch in workers (three times as fast), by Pillow elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

import numpy as np
from PIL import Image

from data.codecs import Pixels
from data.placement import Box, Placement, Size

Resampler = Callable[[Pixels, Size], Pixels]
"""``resample(pixels, size)``: antialiased bilinear (a triangle filter as wide as the scale asks)."""

LARGEST_SCALED = 64_000_000
"""Pixels of a scaled picture above which only what the crop keeps is scaled."""


def torch_resampler(pixels: Pixels, size: Size) -> Pixels:
    """By torch, on uint8 in channels_last, its fast path; within one grey level of Pillow's result."""
    import torch
    from torch.nn import functional

    # unsqueeze, not pixels[None]: NumPy gives the new axis stride 0, which torch does not take for channels_last
    planes = torch.from_numpy(pixels).unsqueeze(0).permute(0, 3, 1, 2)
    scaled = functional.interpolate(planes, size=(size.height, size.width), mode="bilinear", antialias=True)
    result: Pixels = scaled.permute(0, 2, 3, 1)[0].contiguous().numpy()
    return result


def pillow_resampler(pixels: Pixels, size: Size) -> Pixels:
    """By Pillow; the reference, and for processes that must not import torch."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    scaled = np.array(image.resize(size, Image.Resampling.BILINEAR))
    return scaled.reshape(size.height, size.width, pixels.shape[2])


def fit(pixels: Pixels, placement: Placement, resample: Resampler) -> Pixels:
    """Scale and crop as the placement says; a picture that has the right size already is passed through as it is."""
    height, width, _ = pixels.shape
    if placement.scaled.width * placement.scaled.height > LARGEST_SCALED:
        return resample(_part(pixels, placement), placement.crop.size)
    scaled = pixels if (width, height) == placement.scaled else resample(pixels, placement.scaled)
    left, top, right, bottom = placement.crop
    return scaled if placement.crop.size == placement.scaled else np.ascontiguousarray(scaled[top:bottom, left:right])


def paste(picture: Pixels, placement: Placement, frame: Pixels) -> Pixels:
    """Lay the fitted picture into the filled frame (changed in place and returned)."""
    left, top = placement.paste
    frame[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return frame


def _part(pixels: Pixels, placement: Placement) -> Pixels:
    """The source pixels that end up in the crop: a thin strip must not be scaled to gigabytes to keep its middle."""
    height, width, _ = pixels.shape
    across, down = width / placement.scaled.width, height / placement.scaled.height
    left, top, right, bottom = placement.crop
    box = Box(floor(left * across), floor(top * down), ceil(right * across), ceil(bottom * down))
    return np.ascontiguousarray(pixels[box.top : box.bottom, box.left : box.right])
