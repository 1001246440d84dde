"""Augmentation of a batch: all that was chosen, in one order, the same in training and in the form's preview."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from models.augment_options import AugmentOptions
from models.training import augment_warp as geometry
from models.training.augment_colour import add_noise, change_contrast, shift_hsv
from models.training.augment_mix import mix
from models.training.augment_warp import Frame

_STREAM = 0xA06
"""Keeps these draws apart from those of the order and the crops, which come from the same seed."""
TURNS = {"quarter": (0, 1, 3), "half": (0, 2), "all": (0, 1, 2, 3)}


@dataclass(frozen=True)
class Augmenter:
    """``augmenter(pixels, labels, step)``: what the network is given at ``step`` (0 is the first batch of a training).

    Draws depend on the seed and the step alone, so a resumed training draws the same. The order: crop, scaling and
    rotation (one interpolation), quarter turns, mirroring, RandAugment, hue, saturation and value, contrast, noise,
    mixup or CutMix.
    """

    options: AugmentOptions
    frame: Frame
    classes: int
    seed: int

    def _changed(self, pixels: torch.Tensor, chance: np.random.Generator) -> torch.Tensor:
        """All changes of single images: uint8 [n, h, w, c] to float [n, c, h', w']."""
        options = self.options
        images = pixels.permute(0, 3, 1, 2)
        if options.warps:
            maps = self._maps(chance, len(pixels))
            images = geometry.warp(images.float().contiguous(), maps, self.frame.target)
        images = _turned(images, chance, options)
        images = images.float().contiguous()
        if options.randaugment:
            from models.training.augment_rand import (
                rand_augment,
            )  # imports torchvision: a second that others do without

            images = rand_augment(images, chance, options.randaugment_count, options.randaugment_strength)
        if options.hue or options.saturation or options.value:
            images = shift_hsv(images, chance, (options.hue, options.saturation, options.value))
        if options.contrast:
            images = change_contrast(images, chance, options.contrast)
        return add_noise(images, chance, options.noise) if options.noise else images

    def __call__(self, pixels: torch.Tensor, labels: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 [n, h, w, c] and int64 [n] to float32 [n, h', w', c] of 0..255 and the targets.

        Targets are the labels, or float32 [n, classes] shares that add up to 1 where images are mixed.
        """
        chance = np.random.default_rng([self.seed, _STREAM, step])
        images = self._changed(pixels, chance)
        targets = labels
        if self.options.mixes:
            images, targets = self._mixed(images, labels, chance)
        return images.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1), targets

    def _mixed(
        self, images: torch.Tensor, labels: torch.Tensor, chance: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return mix(images, labels, chance, self.classes, (self.options.mixup, self.options.cutmix))

    def _maps(self, chance: np.random.Generator, count: int) -> geometry.Maps:
        options = self.options
        if options.random_resized_crop:
            maps = geometry.resized_crops(chance, count, self.frame, options.crop_area)
        else:
            maps = geometry.crops(chance, count, self.frame)
        angles = chance.uniform(-options.rotation, options.rotation, count)
        factors = geometry.scales(chance, count, options.scaling)
        return geometry.chained(maps, geometry.turned(angles, factors))


def _turned(images: torch.Tensor, chance: np.random.Generator, options: AugmentOptions) -> torch.Tensor:
    """Quarter turns and mirroring top to bottom, pixel for pixel; mirroring left to right is done with the crop."""
    if options.quarter_turns != "none":
        turns = chance.choice(TURNS[options.quarter_turns], len(images))
        for turn, rows in _rows(turns, images):
            images = images.index_copy(0, rows, torch.rot90(images.index_select(0, rows), turn, (2, 3)))
    if options.flip_vertical:
        for _, rows in _rows(chance.random(len(images)) < 0.5, images):
            images = images.index_copy(0, rows, images.index_select(0, rows).flip(2))
    return images


def _rows(drawn: np.ndarray, images: torch.Tensor) -> Iterator[tuple[int, torch.Tensor]]:
    """For every value drawn but 0, the images that drew it."""
    for value in np.unique(drawn).tolist():
        if value:
            yield int(value), torch.from_numpy(np.flatnonzero(drawn == value)).to(images.device)


def make_augmenter(options: AugmentOptions, frame: Frame, classes: int, seed: int) -> Augmenter | None:
    """The augmenter of these options; None where mirroring left to right and plain crops are all, done elsewhere."""
    return Augmenter(options, frame, classes, seed) if options.augments else None
