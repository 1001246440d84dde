"""What chance does to training images: the order of an epoch, random crops, mirroring. On whole batches of uint8."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.imbalance import balanced_order
from models.preprocessing import centre_offset
from models.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Selection:
    """Some records and how they are cut: int64 ``numbers``, ``tops`` and ``lefts`` [n]; bool ``flips`` [n].

    ``step`` is the batch's number in the training, from 0: what else chance does to it follows from that.
    """

    numbers: NDArray[np.int64]
    tops: NDArray[np.int64]
    lefts: NDArray[np.int64]
    flips: NDArray[np.bool_]
    step: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, start: int, stop: int, step: int = 0) -> Selection:
        """Records start .. stop-1 of this selection, for batch ``step``."""
        keep = slice(start, stop)
        return Selection(self.numbers[keep], self.tops[keep], self.lefts[keep], self.flips[keep], step)


@dataclass(frozen=True)
class Cut:
    """Images of ``height`` x ``width`` pixels; ``crop`` is the side of the square cut from them (None: nothing is)."""

    height: int
    width: int
    crop: int | None

    def middle(self, records: int) -> Selection:
        """All records in their order, cut in the middle: for validation."""
        top, left = centre_offset(self.height, self.width, self.crop)
        numbers = np.arange(records)
        return Selection(numbers, np.full(records, top), np.full(records, left), np.zeros(records, np.bool_))

    def random(
        self, records: int, seed: int, epoch: int, *, flip: bool, labels: NDArray[np.integer] | None = None
    ) -> Selection:
        """All records in a random order, cut anywhere, half of them mirrored where ``flip``.

        Where ``labels`` [records] are given, as many of every class (models/imbalance.py). Depends on nothing but the
        arguments, so that a resumed training draws the same.
        """
        chance = np.random.default_rng([seed, epoch])
        order = chance.permutation(records) if labels is None else balanced_order(labels, seed, epoch)
        tops = chance.integers(0, self.height - self.crop + 1, records) if self.crop else np.zeros(records, np.int64)
        lefts = chance.integers(0, self.width - self.crop + 1, records) if self.crop else np.zeros(records, np.int64)
        flips = chance.random(records) < 0.5 if flip else np.zeros(records, np.bool_)
        return Selection(order, tops, lefts, flips)


@dataclass(frozen=True)
class Selections:
    """The batches of a training without end; ``after(step)`` gives those that follow ``step`` updates.

    ``labels`` are the records' class numbers where every class is to be seen equally often; each of several ``ranks``
    gets its piece of every batch.
    """

    cut: Cut
    records: int
    batch_size: int
    seed: int
    flip: bool
    labels: NDArray[np.integer] | None = None
    ranks: Ranks = ALONE

    def after(self, step: int, steps_per_epoch: int) -> Iterator[Selection]:
        """Batch ``step`` (from 0) and all later ones."""
        epoch, first = divmod(step, steps_per_epoch)
        while True:
            whole = self.cut.random(self.records, self.seed, epoch, flip=self.flip, labels=self.labels)
            for index in range(first, steps_per_epoch):
                start = index * self.batch_size
                yield self.ranks.part(whole.part(start, start + self.batch_size, epoch * steps_per_epoch + index))
            epoch, first = epoch + 1, 0


def take(pixels: torch.Tensor, selection: Selection, crop: int | None) -> torch.Tensor:
    """The selected images of ``pixels`` uint8 [all, height, width, c], cut and mirrored: [n, h, w, c]."""
    numbers = torch.from_numpy(selection.numbers).to(pixels.device)
    images = pixels.index_select(0, numbers) if crop is None else _windows(pixels, numbers, selection, crop)
    return mirror(images, selection.flips) if selection.flips.any() else images


def _windows(pixels: torch.Tensor, numbers: torch.Tensor, selection: Selection, crop: int) -> torch.Tensor:
    """Each row of each crop is a run of ``crop * c`` bytes: one gather of runs, twenty times as fast as of pixels."""
    _, height, width, channels = pixels.shape
    tops, lefts = (torch.from_numpy(side).to(pixels.device) for side in (selection.tops, selection.lefts))
    rows = (numbers * height + tops)[:, None] + torch.arange(crop, device=pixels.device)
    starts = (rows * width + lefts[:, None]) * channels
    run = crop * channels
    runs = pixels.reshape(-1).as_strided((pixels.numel() - run + 1, run), (1, 1))
    return runs.index_select(0, starts.reshape(-1)).reshape(len(numbers), crop, crop, channels)


def mirror(images: torch.Tensor, flips: NDArray[np.bool_]) -> torch.Tensor:
    """Mirror the images where ``flips``, left to right; changes ``images`` [n, h, w, c] where it can."""
    if images.device.type != "cpu":
        mask = torch.from_numpy(flips).to(images.device)
        return torch.where(mask[:, None, None, None], images.flip(2), images)
    array = images.numpy()
    for index in np.flatnonzero(flips):  # OpenCV's SIMD loop: ten times as fast as torch's flip
        array[index] = cv2.flip(array[index], 1).reshape(array.shape[1:])
    return images
