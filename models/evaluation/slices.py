"""Accuracy by groups of images: dark and bright, small and large; a weakness that the overall figure hides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.intervals import wilson

GROUPS = 5


def slices(values: NDArray[Any], right: NDArray[np.bool_], groups: int = GROUPS) -> list[dict[str, Any]]:
    """Accuracy in ``groups`` of about equal size by ``values`` [n]: {low, high, count, right, accuracy, interval}.

    Equal values are never parted, so there are fewer groups where there are few values; none for no images.
    """
    if not len(values):
        return []
    highest = np.unique(np.quantile(values, np.linspace(0, 1, groups + 1)[1:], method="inverted_cdf"))
    place = np.searchsorted(highest, values, side="left")
    return [_group(values[place == group], right[place == group]) for group in np.unique(place)]


def _group(values: NDArray[Any], right: NDArray[np.bool_]) -> dict[str, Any]:
    hits, count = int(right.sum()), len(right)
    low, high = wilson(hits, count)
    return {
        "low": float(values.min()),
        "high": float(values.max()),
        "count": count,
        "right": hits,
        "accuracy": hits / count,
        "interval": [float(low), float(high)],
    }
