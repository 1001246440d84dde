"""RandAugment: a few changes an image, drawn from fourteen, all of one strength (Cubuk et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torchvision.transforms.v2 import functional as vision

from models.training.augment_warp import Maps, turned, unchanged, warp

Chance = np.random.Generator
STRONGEST = 30
_SHEAR, _TURN, _MOVE, _ENHANCE = 0.3, 30.0, 150 / 331, 0.9
"""What strength 30 means: a shear, degrees, a share of the side (the paper's 150 pixels of 331), a factor less 1."""


@dataclass(frozen=True)
class Setting:
    """Strength 0..1 and the images' height and width."""

    strength: float
    height: int
    width: int


Shape = Callable[[Maps, np.ndarray, Setting], Maps]
"""``shape(maps, signs, setting)``: the maps of images that are moved, each with its own sign (-1 or 1)."""
Colour = Callable[[torch.Tensor, float], torch.Tensor]
"""``colour(images, strength)`` of uint8 [n, c, h, w]; strength -1..1 for what goes both ways, else 0..1."""


def _shear(axis: int) -> Shape:
    def change(maps: Maps, signs: np.ndarray, setting: Setting) -> Maps:
        maps[:, axis, 1 - axis] = signs * setting.strength * _SHEAR
        return maps

    return change


def _move(axis: int) -> Shape:
    def change(maps: Maps, signs: np.ndarray, setting: Setting) -> Maps:
        maps[:, axis, 2] = signs * setting.strength * _MOVE * (setting.width, setting.height)[axis]
        return maps

    return change


def _rotate(maps: Maps, signs: np.ndarray, setting: Setting) -> Maps:
    return turned(signs * setting.strength * _TURN, np.ones(len(maps)))


SHAPES: tuple[Shape, ...] = (_shear(0), _shear(1), _move(0), _move(1), _rotate)
BOTH_WAYS: tuple[Colour, ...] = (
    lambda images, strength: vision.adjust_brightness_image(images, 1 + strength * _ENHANCE),
    lambda images, strength: vision.adjust_saturation_image(images, 1 + strength * _ENHANCE),
    lambda images, strength: vision.adjust_contrast_image(images, 1 + strength * _ENHANCE),
    lambda images, strength: vision.adjust_sharpness_image(images, 1 + strength * _ENHANCE),
)
ONE_WAY: tuple[Colour, ...] = (
    lambda images, strength: vision.posterize_image(images, 8 - round(strength * 4)),
    lambda images, strength: vision.solarize_image(images, 255 * (1 - strength)),
    lambda images, _: vision.autocontrast_image(images),
    lambda images, _: vision.equalize_image(images),
)
CHANGES = 1 + len(SHAPES) + len(BOTH_WAYS) + len(ONE_WAY)
"""Number 0 leaves an image as it is."""


def rand_augment(images: torch.Tensor, chance: Chance, count: int, strength: int) -> torch.Tensor:
    """``count`` changes of every image, float [n, c, h, w] of 0..255; the shapes of each round in one go."""
    setting = Setting(strength / STRONGEST, images.shape[2], images.shape[3])
    for _ in range(count):
        drawn = chance.integers(0, CHANGES, len(images))
        signs = chance.choice((-1.0, 1.0), len(images))
        images = _move_all(images, drawn, signs, setting)
        images = _colour_all(images, drawn, signs, setting.strength)
    return images


def _move_all(images: torch.Tensor, drawn: np.ndarray, signs: np.ndarray, setting: Setting) -> torch.Tensor:
    """All images whose change is a shape, in one warp."""
    rows = np.flatnonzero((drawn >= 1) & (drawn <= len(SHAPES)))
    if not len(rows):
        return images
    maps = unchanged(len(rows))
    for number, shape in enumerate(SHAPES, 1):
        here = drawn[rows] == number
        maps[here] = shape(maps[here], signs[rows][here], setting)
    index = torch.from_numpy(rows).to(images.device)
    moved = warp(images.index_select(0, index), maps, (setting.height, setting.width))
    return images.index_copy(0, index, moved)


def _colour_all(images: torch.Tensor, drawn: np.ndarray, signs: np.ndarray, strength: float) -> torch.Tensor:
    """All images whose change is a colour, by change and sign."""
    first = 1 + len(SHAPES)
    for number, colour in enumerate((*BOTH_WAYS, *ONE_WAY), first):
        for sign in (-1.0, 1.0) if number < first + len(BOTH_WAYS) else (None,):
            rows = np.flatnonzero((drawn == number) & ((signs == sign) if sign is not None else True))
            if len(rows):
                index = torch.from_numpy(rows).to(images.device)
                part = images.index_select(0, index).round_().to(torch.uint8)
                changed = colour(part, strength * (sign or 1.0)).to(images.dtype)
                images = images.index_copy(0, index, changed)
    return images
