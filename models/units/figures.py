"""Figures about any array of weights or values: mean, deviation, extremes, histogram, share near zero."""

from __future__ import annotations

import math
from typing import Any

import torch

BINS = 20
NEAR = 1e-3
"""A weight below this share of the largest counts as near zero."""


def figures(values: torch.Tensor, bins: int = BINS) -> dict[str, Any]:
    """``{count, mean, deviation, least, most, norm, zeros, near_zero, not_finite, histogram: {counts, edges}}``.

    ``zeros`` and ``near_zero`` are shares 0..1. Values that are not finite are counted and left out of the rest.
    """
    flat = values.detach().flatten().float()
    finite = flat[torch.isfinite(flat)]
    if finite.numel() == 0:
        return {"count": flat.numel(), "not_finite": flat.numel()}
    low, high = float(finite.min()), float(finite.max())
    largest = max(abs(low), abs(high))
    top = high if high > low else low + max(abs(low), 1.0) * 1e-3
    counts = torch.histc(finite.cpu(), bins, low, top)
    return {
        "count": flat.numel(),
        "mean": float(finite.double().mean()),
        "deviation": float(finite.double().std(unbiased=False)),
        "least": low,
        "most": high,
        "norm": math.sqrt(float(finite.double().square().sum())),
        "zeros": float((finite == 0).float().mean()),
        "near_zero": float((finite.abs() <= NEAR * largest).float().mean()) if largest else 1.0,
        "not_finite": flat.numel() - finite.numel(),
        "histogram": {
            "counts": [int(count) for count in counts.tolist()],
            "edges": torch.linspace(low, top, bins + 1).tolist(),
        },
    }


def by_unit(maps: torch.Tensor) -> dict[str, list[float]]:
    """For each unit of values [units, ...]: ``mean``, ``deviation``, ``most`` and ``active`` (share above zero)."""
    flat = maps.detach().float().reshape(len(maps), -1)
    deviation = flat.std(1, unbiased=False) if flat.shape[1] > 1 else flat.new_zeros(len(flat))
    return {
        "mean": _plain(flat.mean(1)),
        "deviation": _plain(deviation),
        "most": _plain(flat.amax(1)),
        "active": _plain((flat > 0).float().mean(1)),
    }


def _plain(values: torch.Tensor) -> list[float]:
    """As JSON has it: what is not finite becomes zero."""
    return [round(value, 6) for value in torch.nan_to_num(values, 0.0, 0.0, 0.0).tolist()]
