"""What one layer's units do over many images: top and bottom images, mean by class, how often they answer at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from models.atlas.fields import Field
from models.atlas.running import Largest
from models.attribution.sites import Site

QUANTILES = (0.95, 0.75, 0.5, 0.25, 0.05)
"""Where in the range of a unit's values the sample is taken, beside its top and bottom."""
LISTS, SUMS = ("top", "bottom"), ("sums", "squares", "positive")
"""What is gathered of a layer, by attribute."""


@dataclass(frozen=True)
class Layer:
    """A site and the receptive field of its values (None: the whole image)."""

    site: Site
    field: Field | None

    def to_dict(self, index: int) -> dict[str, Any]:
        """JSON-ready, for atlas.json."""
        field = None if self.field is None else {name: list(value) for name, value in vars(self.field).items()}
        site = self.site
        known = {"name": site.name, "kind": site.kind, "units": site.units, "grid": list(site.grid), "field": field}
        return {"index": index, **known}


class UnitFigures:
    """Gathers, image by image, the largest value of each unit's map."""

    def __init__(self, layer: Layer, classes: int, count: int, device: torch.device) -> None:
        units = layer.site.units
        self.layer = layer
        self.top = Largest(units, count, device)
        self.bottom = Largest(units, count, device)
        self.sums = torch.zeros(classes, units, dtype=torch.float64, device=device)
        self.squares = torch.zeros(classes, units, dtype=torch.float64, device=device)
        self.positive = torch.zeros(units, dtype=torch.int64, device=device)
        self.broken = 0

    def add(self, values: torch.Tensor, labels: torch.Tensor, first: int) -> torch.Tensor:
        """The values of the site [n, ...] for a batch; returns the peaks float32 [n, units]."""
        maps = values.movedim(self.layer.site.axis, 1) if self.layer.site.axis != 1 else values
        peaks = peaks_of(maps).float()
        places = maps if maps.ndim > 2 else None
        self.top.add(peaks, first, places)
        self.bottom.add(-peaks, first)
        units = peaks.shape[1]
        both = F.one_hot(labels, len(self.sums)).float().T @ torch.cat((peaks, peaks.square()), 1)
        self.sums += both[:, :units]
        self.squares += both[:, units:]
        self.positive += (peaks > 0).sum(0)
        if peaks.sum().isnan():
            self.broken += int(peaks.isnan().sum())
        return peaks

    def state(self) -> dict[str, torch.Tensor]:
        """All that has been gathered, for :meth:`restore`."""
        lists = {f"{name}_{part}": getattr(getattr(self, name), part) for name in LISTS for part in ("keys", "places")}
        return {**lists, **{name: getattr(self, name) for name in SUMS}, "broken": torch.tensor(self.broken)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from what :meth:`state` gave."""
        device = self.sums.device
        for name in LISTS:
            getattr(self, name).restore(state[f"{name}_keys"].to(device), state[f"{name}_places"].to(device))
        for name in SUMS:
            setattr(self, name, state[name].to(device))
        self.broken = int(state["broken"])

    def save(
        self, path: Path, counts: NDArray[np.int64], kept: NDArray[np.float16] | None, numbers: NDArray[np.int64]
    ) -> None:
        """Write all figures as one .npz.

        ``counts`` are images of each class; ``kept`` float16 [some images, units] with the ``numbers`` of those images.
        """
        total = max(1, int(counts.sum()))
        sums, squares = self.sums.cpu().numpy(), self.squares.cpu().numpy()
        mean = sums.sum(0) / total
        each = np.maximum(1, counts)[:, None]
        profile = sums / each
        deviation = np.sqrt(np.maximum(0, squares / each - profile**2))
        spread = np.sqrt(np.maximum(0, squares.sum(0) / total - mean**2))
        figures: dict[str, Any] = {
            "top_numbers": self.top.numbers.cpu().numpy(),
            "top_values": self.top.values.cpu().numpy(),
            "top_places": self.top.places.cpu().numpy(),
            "bottom_numbers": self.bottom.numbers.cpu().numpy(),
            "bottom_values": -self.bottom.values.cpu().numpy(),
            "profile": profile.astype(np.float32),
            "deviation": deviation.astype(np.float32),
            "counts": counts,
            "mean": mean.astype(np.float32),
            "spread": spread.astype(np.float32),
            "active": (self.positive.cpu().numpy() / total).astype(np.float32),
            "selectivity": selectivity(profile, counts).astype(np.float32),
            "broken": np.array(self.broken),
            **({} if kept is None or not len(kept) else {"sample": numbers[sample(kept)], "alike": alike(kept)}),
        }
        np.savez(path, **figures)


def peaks_of(maps: torch.Tensor) -> torch.Tensor:
    """The largest value of each map [n, units, ...], as [n, units].

    Pooling is 25 times as fast as ``amax`` where a CPU has the channels last.
    """
    if maps.ndim == 4 and maps.device.type == "cpu" and not maps.is_contiguous():
        return F.max_pool2d(maps, tuple(maps.shape[2:])).flatten(1)
    return maps.amax(tuple(range(2, maps.ndim))) if maps.ndim > 2 else maps


def selectivity(profile: NDArray[np.floating[Any]], counts: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    """(best - rest) / (best + rest) of the class means [classes, units] above zero, 0..1; NaN for one class or none.

    A. Morcos et al., On the importance of single directions for generalization (ICLR 2018).
    """
    means = np.maximum(profile[counts > 0], 0)
    if len(means) < 2:
        return np.full(profile.shape[1], np.nan)
    best = means.max(0)
    rest = (means.sum(0) - best) / (len(means) - 1)
    with np.errstate(invalid="ignore"):
        return np.where(best + rest > 0, (best - rest) / (best + rest), np.nan)


def sample(kept: NDArray[np.float16]) -> NDArray[np.int64]:
    """Places [units, quantiles] in ``kept`` [images, units] of the images at QUANTILES of each unit's values."""
    order = np.argsort(kept, 0, kind="stable")
    return order[[round(share * (len(kept) - 1)) for share in QUANTILES]].T.astype(np.int64)


def alike(kept: NDArray[np.float16], most: int = 8) -> NDArray[np.float32]:
    """The most similar other units by correlation of their peaks: [units, most, (unit, correlation)]; -1 for none."""
    values = kept.astype(np.float32)
    values -= values.mean(0)
    values /= np.maximum(np.linalg.norm(values, axis=0), 1e-12)
    units, count = values.shape[1], min(most, values.shape[1] - 1)
    out = np.full((units, most, 2), -1, np.float32)
    for first in range(0, units, 512):
        close = values[:, first : first + 512].T @ values
        close[np.arange(len(close)), np.arange(first, first + len(close))] = -np.inf
        order = np.argsort(-close, 1, kind="stable")[:, :count]
        out[first : first + 512, :count, 0] = order
        out[first : first + 512, :count, 1] = np.take_along_axis(close, order, 1)
    return out
