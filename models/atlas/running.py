"""The N largest values of each unit while images pass by: exactly those of a stable sort of all of them."""

from __future__ import annotations

import torch

EMPTY = torch.iinfo(torch.int64).min
LATEST = 0xFFFFFFFF
"""Image numbers are below this (2^32 - 1), so that value and number fit into one key of 64 bits."""


class Largest:
    """``numbers`` int64 and ``values`` float32 [units, count], largest first, the earlier image first of equals.

    Value and image number are packed into one integer that sorts as they do, so that no two are equal and every sort
    gives the same answer. Places left empty have the number -1 (fewer images than ``count``); values that are not a
    number are passed over.
    """

    def __init__(self, units: int, count: int, device: torch.device) -> None:
        self.keys = torch.full((units, count), EMPTY, dtype=torch.int64, device=device)
        self.places = torch.full((units, count), -1, dtype=torch.int32, device=device)
        self._least = torch.full((units,), -torch.inf, device=device)
        self._open = torch.ones(units, dtype=torch.bool, device=device)
        self._units = torch.arange(units, device=device)

    def restore(self, keys: torch.Tensor, places: torch.Tensor) -> None:
        """Go on from the ``keys`` and ``places`` of an earlier one."""
        self.keys, self.places = keys, places
        self._look()

    def _look(self) -> None:
        """What a value must be above to make the list of each unit, and which lists have room."""
        self._open = self.keys[:, -1] == EMPTY
        self._least = torch.where(self._open, -torch.inf, self.values[:, -1])

    def add(self, values: torch.Tensor, first: int, maps: torch.Tensor | None = None) -> None:
        """Values float32 [n, units] of the images ``first .. first+n-1``, which come after all earlier ones.

        The place of a maximum is looked up in ``maps`` [n, units, ...], whose largest value it is, only where it makes
        the list. Equal to the last on the list is not enough: the earlier image stays.
        """
        better = values > self._least
        if (
            self._open.any()
        ):  # the first batches: all values are better, but few of them are among the batch's own largest
            known = values.nan_to_num(-torch.inf, posinf=torch.inf, neginf=-torch.inf)
            enough = known.topk(min(self.keys.shape[1], len(values)), 0).values[-1]
            better = (better | (self._open & ~values.isnan())) & (values >= enough)
        images, units = better.nonzero(as_tuple=True)
        if len(images):
            self._merge(images, units, keys_of(values[images, units], images + first), maps)

    def _merge(self, images: torch.Tensor, units: torch.Tensor, fresh: torch.Tensor, maps: torch.Tensor | None) -> None:
        """Take those of the fresh keys that are among the largest of their unit, and put the rest out."""
        count = self.keys.shape[1]
        keys = torch.cat((self.keys.flatten(), fresh))
        owners = torch.cat((self._units.repeat_interleave(count), units))
        order = keys.argsort(descending=True)
        order = order[owners[order].argsort(stable=True)]
        sizes = count + torch.bincount(units, minlength=len(self._units))
        chosen = order[(sizes.cumsum(0) - sizes)[:, None] + torch.arange(count, device=keys.device)]
        self.places = torch.cat((self.places.flatten(), torch.full_like(fresh, -1, dtype=torch.int32)))[chosen]
        self.keys = keys[chosen]
        self._look()
        if maps is not None:
            rows, entries = (chosen >= len(self._units) * count).nonzero(as_tuple=True)
            added = chosen[rows, entries] - len(self._units) * count
            places = maps[images[added], units[added]].flatten(1).argmax(1)
            self.places[rows, entries] = places.to(torch.int32)

    @property
    def numbers(self) -> torch.Tensor:
        """Image numbers."""
        found = LATEST - (self.keys & LATEST)
        return torch.where(self.keys == EMPTY, -1, found)

    @property
    def values(self) -> torch.Tensor:
        """The values; NaN in empty places."""
        bits = (self.keys >> 32).to(torch.int32)
        values = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(torch.float32)
        return torch.where(self.keys == EMPTY, torch.nan, values)


def keys_of(values: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """int64 keys [n] that sort by value, then by the earlier image number."""
    bits = (values.float() + 0.0).contiguous().view(torch.int32)  # + 0.0: -0.0 and 0.0 are equal
    sortable = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).to(torch.int64)
    return (sortable << 32) | (LATEST - numbers)
