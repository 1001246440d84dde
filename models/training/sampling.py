"""A fixed sample of the numbers of each tensor, and histograms of many samples at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch

SAMPLE = 2048
"""Numbers that stand for a tensor; smaller tensors are repeated, which changes neither means nor shares by much."""
BINS = 40


class Sampler:
    """``rows(tensors)`` is float32 [tensors, SAMPLE]; the same places of a tensor every time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._chance = torch.Generator().manual_seed(0)  # the training's own random numbers are left alone
        self._places: dict[int, torch.Tensor] = {}

    def rows(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """A row for each tensor."""
        return torch.stack([self.row(tensor) for tensor in tensors]).float()

    def row(self, tensor: torch.Tensor) -> torch.Tensor:
        """SAMPLE numbers of one tensor, in its own type."""
        return flat(tensor.detach()).index_select(0, self.places(tensor.numel()))

    def places(self, count: int) -> torch.Tensor:
        """Where to look in a tensor of ``count`` numbers."""
        if count not in self._places:
            if count <= SAMPLE:
                places = torch.arange(SAMPLE) % count
            else:  # at random: a stride would meet the same channels again and again
                places = torch.randint(count, (SAMPLE,), generator=self._chance).sort().values
            self._places[count] = places.to(self._device)
        return self._places[count]


def flat(tensor: torch.Tensor) -> torch.Tensor:
    """All numbers in the order of memory, without a copy where that can be."""
    if tensor.is_contiguous():
        return tensor.view(-1)
    if tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        return tensor.permute(0, 2, 3, 1).view(-1)
    return tensor.reshape(-1)


def histograms(rows: torch.Tensor, bins: int = BINS) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Least and greatest number of each row [rows], and counts int16 [rows, bins] of equal bins between them.

    Infinite numbers and NaN count as 0.
    """
    rows = torch.nan_to_num(rows.float(), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = torch.aminmax(rows, dim=1)
    span = torch.where(high > low, high - low, torch.ones_like(high))
    place = ((rows - low[:, None]) / span[:, None] * bins).long().clamp_(0, bins - 1)
    offset = torch.arange(len(rows), device=rows.device)[:, None] * bins
    counts = torch.bincount((place + offset).flatten(), minlength=len(rows) * bins)
    return low, high, counts.view(len(rows), bins).to(torch.int16)
