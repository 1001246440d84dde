"""What is done to a record's pixels before the network sees them; the same in training, validation and inference."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SCALE = 1 / 64
"""Pixels are divided by about their usual standard deviation (0.25 of 255), so that inputs vary by about 1."""


@dataclass(frozen=True)
class Preprocessing:
    """``height`` x ``width`` is what records have, ``crop`` a square cut from them (None: all of it).

    ``mean`` is float32 [height, width, channels] or [1, 1, channels], 0..255, subtracted before the division.
    """

    height: int
    width: int
    mean: Tensor
    crop: int | None = None
    scale: float = SCALE

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of what the network is given."""
        return (self.crop, self.crop) if self.crop else (self.height, self.width)

    def to(self, device: torch.device) -> Preprocessing:
        """The same with its mean on ``device``."""
        return Preprocessing(self.height, self.width, self.mean.to(device), self.crop, self.scale)

    def center(self, images: Tensor) -> Tensor:
        """uint8 [n, height, width, c] -> float32 [n, c, *output] (channels_last), the middle where there is a crop."""
        mean = self.mean
        if self.crop:
            top, left = (self.height - self.crop) // 2, (self.width - self.crop) // 2
            images = images[:, top : top + self.crop, left : left + self.crop]
            if mean.shape[0] > 1:
                mean = mean[top : top + self.crop, left : left + self.crop]
        return self._scaled(images, mean)

    def augmented(self, images: Tensor, flip: bool, generator: torch.Generator) -> Tensor:
        """The same with a random crop and mirroring of each image; the mean moves with the pixels, as Caffe's does."""
        if not (self.crop or flip):
            return self._scaled(images, self.mean)
        rows, columns = self._places(len(images), flip, generator)
        rows, columns = rows.to(images.device), columns.to(images.device)
        each = torch.arange(len(images), device=images.device)[:, None, None]
        picked = images[each, rows[:, :, None], columns[:, None, :]]
        mean = self.mean if self.mean.shape[0] == 1 else self.mean[rows[:, :, None], columns[:, None, :]]
        return self._scaled(picked, mean)

    def _places(self, n: int, flip: bool, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """For each image, which rows [n, h] and columns [n, w] of the record it takes."""
        height, width = self.output
        top = torch.randint(self.height - height + 1, (n, 1), generator=generator)
        left = torch.randint(self.width - width + 1, (n, 1), generator=generator)
        columns = torch.arange(width).expand(n, width)
        if flip:
            mirrored = torch.rand((n, 1), generator=generator) < 0.5
            columns = torch.where(mirrored, width - 1 - columns, columns)
        return top + torch.arange(height), left + columns

    def _scaled(self, images: Tensor, mean: Tensor) -> Tensor:
        # A permuted NHWC tensor already is channels_last in memory: no copy is made for it.
        return images.float().sub_(mean).mul_(self.scale).permute(0, 3, 1, 2)

    def visible(self, inputs: Tensor) -> Tensor:
        """Network inputs [n, c, h, w] back to viewable pixels, uint8 [n, h, w, c], each image stretched to 0..255."""
        flat = inputs.float().flatten(1)
        low, high = flat.min(1).values, flat.max(1).values
        spread = (high - low).clamp_min(1e-6)
        stretched = (inputs.float() - low[:, None, None, None]) / spread[:, None, None, None]
        return (stretched * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def make_preprocessing(kind: str, mean: Tensor, crop: int | None) -> Preprocessing:
    """From the option ``mean_subtraction`` and the dataset's mean image, float32 [height, width, channels]."""
    height, width, channels = mean.shape
    chosen = {
        "none": lambda: torch.zeros(1, 1, channels),
        "pixel": lambda: mean.mean((0, 1), keepdim=True),
        "image": lambda: mean,
    }[kind]()
    return Preprocessing(height, width, chosen, crop)
