"""Whether a model knows how sure it may be: reliability by confidence, and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """By bins of confidence of equal width: images, how many of them were right, and their mean confidence."""

    counts: NDArray[np.int64]
    right: NDArray[np.int64]
    confidence: NDArray[np.float64]

    def error(self) -> float:
        """The expected calibration error: the mean over images of |accuracy - confidence| of their bin, or NaN."""
        total = self.counts.sum()
        if not total:
            return float("nan")
        filled = self.counts > 0
        accuracy = self.right[filled] / self.counts[filled]
        return float((self.counts[filled] / total * np.abs(accuracy - self.confidence[filled])).sum())


def reliability(confidence: NDArray[Any], right: NDArray[np.bool_], bins: int = BINS) -> Reliability:
    """Bins ((b - 1) / bins, b / bins], as Guo et al., On calibration of modern neural networks (ICML 2017)."""
    values = confidence.astype(np.float64)
    place = np.clip(np.ceil(values * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, values, bins)
    with np.errstate(invalid="ignore"):
        means = np.where(counts > 0, sums / counts, np.nan)
    return Reliability(counts, np.bincount(place[right], minlength=bins), means)
