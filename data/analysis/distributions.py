"""How values are distributed, as JSON: histograms with round edges, and the sizes of pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 40
MOST_SIZES = 800
"""So many different sizes are told one by one; more are put together on a grid."""


def histogram(values: NDArray[Any], *, log: bool = False, bins: int = BINS) -> dict[str, Any] | None:
    """``{"edges", "counts", "least", "most", "mean", "median", "log"}`` of finite values; None where there is none.

    With ``log`` the bins are equally wide on a logarithmic scale (values must be positive; others are left out).
    """
    kept = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
    if not len(kept):
        return None
    least, most = float(kept.min()), float(kept.max())
    low, high = (math.log10(least), math.log10(most)) if log else (least, most)
    if high - low < 1e-9:
        low, high = (low - 0.05, high + 0.05) if log else (low - 0.5, high + 0.5)
    edges = np.linspace(low, high, bins + 1)
    counts, _ = np.histogram(np.log10(kept) if log else kept, edges)
    shown = 10**edges if log else edges
    figures = {"least": least, "most": most, "mean": float(kept.mean()), "median": float(np.median(kept))}
    return {"edges": _short(shown), "counts": counts.tolist(), "log": log, **figures}


def sizes(width: NDArray[np.uint32], height: NDArray[np.uint32]) -> dict[str, Any] | None:
    """How large the source pictures are: the most common sizes, and how often each occurs; None if none is known.

    ``points`` are (width, height, count); where there are more than MOST_SIZES different ones, neighbours on a
    logarithmic grid are put together and ``gathered`` is true.
    """
    known = (width > 0) & (height > 0)
    if not known.any():
        return None
    pairs = width[known].astype(np.uint64) << np.uint64(32) | height[known].astype(np.uint64)
    found, counts = np.unique(pairs, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows = [_pair(found[place], counts[place]) for place in order[:MOST_SIZES]]
    gathered = len(found) > MOST_SIZES
    return {
        "distinct": len(found),
        "unknown": int((~known).sum()),
        "common": rows[:10],
        "points": _gathered(width[known], height[known]) if gathered else rows,
        "gathered": gathered,
        "median": [float(np.median(width[known])), float(np.median(height[known]))],
    }


def _gathered(width: NDArray[np.uint32], height: NDArray[np.uint32]) -> list[list[int]]:
    """Counts on a grid of steps of 12 % (2^(1/6)) each way."""
    steps = [np.round(6 * np.log2(side.astype(np.float64))).astype(np.int64) for side in (width, height)]
    found, counts = np.unique(steps[0] << 32 | steps[1], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_SIZES]
    grid = [(found[order] >> 32) / 6, (found[order] & 0xFFFFFFFF) / 6]
    return [
        [round(2**across), round(2**down), int(count)] for across, down, count in zip(*grid, counts[order], strict=True)
    ]


def _pair(pair: np.uint64, count: np.int64) -> list[int]:
    return [int(pair) >> 32, int(pair) & 0xFFFFFFFF, int(count)]


def _short(values: NDArray[np.float64]) -> list[float]:
    """Six digits are enough for a plot."""
    return [float(f"{value:.6g}") for value in values]
