"""Where pixels come from: random resized crops, rotation, scaling and shearing as one affine map per image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Chance = np.random.Generator
Maps = NDArray[np.float64]
"""[n, 2, 3]: input position = map[:, :, :2] @ output position + map[:, :, 2], pixels from the centres of the images."""

RATIO = (3 / 4, 4 / 3)
"""Width over height of a random resized crop, as torchvision and the Inception papers have it."""
_TRIES = 10
_SMALLEST_SCALE, _LARGEST_SCALE = 0.25, 4.0
_ALIASING = 1.5
"""From this reduction on, several points a pixel are sampled and averaged."""


@dataclass(frozen=True)
class Frame:
    """Height and width of the images (``source``) and of what the network is given (``target``)."""

    source: tuple[int, int]
    target: tuple[int, int]


def unchanged(count: int) -> Maps:
    """The map that changes nothing."""
    return np.repeat(np.eye(2, 3)[None], count, 0)


def crops(chance: Chance, count: int, frame: Frame) -> Maps:
    """Windows of the target's size anywhere in the images."""
    maps = unchanged(count)
    for axis, (whole, part) in enumerate(zip(frame.source[::-1], frame.target[::-1], strict=True)):
        maps[:, axis, 2] = chance.integers(0, whole - part + 1, count) + part / 2 - whole / 2
    return maps


def resized_crops(chance: Chance, count: int, frame: Frame, least_area: float) -> Maps:
    """Parts of ``least_area`` .. 1 of the image and a ratio of 3:4 .. 4:3, scaled to the target.

    As torchvision's RandomResizedCrop: ten tries a part, then the largest middle part of an allowed ratio.
    """
    (height, width), (rows, columns) = frame.source, frame.target
    area = chance.uniform(least_area, 1.0, (_TRIES, count)) * height * width
    ratio = np.exp(chance.uniform(math.log(RATIO[0]), math.log(RATIO[1]), (_TRIES, count)))
    wide, high = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    fits = (wide >= 1) & (wide <= width) & (high >= 1) & (high <= height)
    first = fits.argmax(0)
    each = np.arange(count)
    whole = min(max(width / height, RATIO[0]), RATIO[1])
    middle = (min(width, height * whole), min(height, width / whole))
    found = fits.any(0)
    sides = [np.where(found, side[first, each], usual) for side, usual in zip((wide, high), middle, strict=True)]
    places = chance.random((2, count))
    maps = unchanged(count)
    for axis, (side, length, target) in enumerate(zip(sides, (width, height), (columns, rows), strict=True)):
        free = length - side
        start = np.where(found, np.floor(places[axis] * (free + 1)), free / 2)
        maps[:, axis, axis] = side / target
        maps[:, axis, 2] = start + side / 2 - length / 2
    return maps


def turned(angles: NDArray[np.float64], factors: NDArray[np.float64]) -> Maps:
    """Rotation by ``angles`` (degrees, anticlockwise to the eye) and enlargement by ``factors`` around the middle."""
    radians = np.deg2rad(angles)
    cosine, sine = np.cos(radians) / factors, np.sin(radians) / factors
    maps = unchanged(len(angles))
    maps[:, 0, 0], maps[:, 0, 1] = cosine, -sine
    maps[:, 1, 0], maps[:, 1, 1] = sine, cosine
    return maps


def chained(outer: Maps, inner: Maps) -> Maps:
    """First from the output by ``inner``, then on by ``outer`` to the input."""
    product = outer[:, :, :2] @ inner[:, :, :2]
    shift = outer[:, :, :2] @ inner[:, :, 2:] + outer[:, :, 2:]
    return np.concatenate((product, shift), 2)


def scales(chance: Chance, count: int, deviation: float) -> NDArray[np.float64]:
    """Factors around 1 with this standard deviation; kept between a quarter and four."""
    return np.clip(1 + chance.standard_normal(count) * deviation, _SMALLEST_SCALE, _LARGEST_SCALE)


def warp(images: torch.Tensor, maps: Maps, target: tuple[int, int]) -> torch.Tensor:
    """Bilinear samples of float images [n, c, h, w] at ``maps``: [n, c, *target]. Beyond the border they are mirrored.

    Where images shrink much, several points are sampled for each pixel and averaged.
    """
    height, width = images.shape[2:]
    rows, columns = target
    more = _points_a_pixel(maps)
    norm = maps.copy()
    norm[:, 0, :2] *= np.array([columns, rows]) / width
    norm[:, 1, :2] *= np.array([columns, rows]) / height
    norm[:, 0, 2] *= 2 / width
    norm[:, 1, 2] *= 2 / height
    theta = torch.from_numpy(norm.astype(np.float32)).to(images.device)
    grid = F.affine_grid(theta, [len(images), images.shape[1], rows * more, columns * more], align_corners=False)
    found = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return F.avg_pool2d(found, more) if more > 1 else found


def _points_a_pixel(maps: Maps) -> int:
    """How many samples each way keep the largest reduction of the batch free of aliasing; at most four."""
    largest = float(np.abs(maps[:, :, :2]).sum(2).max()) if len(maps) else 1.0
    return min(4, max(1, math.ceil(largest / _ALIASING)))
