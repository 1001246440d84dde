"""ROC and precision-recall of one class against the rest, from the scores of all images: exact areas, thin curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTS = 200
LEVELS = np.linspace(0.005, 0.995, 100, dtype=np.float32)


@dataclass(frozen=True)
class Curve:
    """Images at or above each threshold, highest first: ``hits`` of the class, ``alarms`` of others; and totals."""

    thresholds: NDArray[np.float32]
    hits: NDArray[np.int64]
    alarms: NDArray[np.int64]
    positives: int
    negatives: int

    def auc(self) -> float:
        """Area under the ROC curve (trapezoids); NaN where one side has no image."""
        if not self.positives or not self.negatives:
            return float("nan")
        rates = (np.concatenate([[0], side]) / total for side, total in self._sides())
        true, false = rates
        return float(np.trapezoid(true, false))

    def average_precision(self) -> float:
        """Sum of precision times the step in recall, without interpolation; NaN where the class has no image."""
        if not self.positives:
            return float("nan")
        precision = self.hits / (self.hits + self.alarms)
        return float(np.sum(np.diff(self.hits, prepend=0) / self.positives * precision))

    def thin(self, points: int = POINTS) -> Curve:
        """About ``points`` along the ROC curve and one near each hundredth of the threshold; the ends stay."""
        last = len(self.hits) - 1
        if last < points:
            return self
        along = self.hits / max(1, self.positives) + self.alarms / max(1, self.negatives)
        even = np.searchsorted(along, np.linspace(0, along[-1], points))
        levels = np.searchsorted(-self.thresholds, -LEVELS, side="right") - 1
        keep = np.unique(np.clip(np.concatenate([[0, last], even, levels]), 0, last))
        return Curve(self.thresholds[keep], self.hits[keep], self.alarms[keep], self.positives, self.negatives)

    def _sides(self) -> tuple[tuple[NDArray[Any], int], tuple[NDArray[Any], int]]:
        return (self.hits, self.positives), (self.alarms, self.negatives)


def curve(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Curve:
    """The curve of scores [n] for images of which ``positive`` [n] belong to the class; one point for each score."""
    order = np.argsort(-scores, kind="stable")
    ranked, own = scores[order], positive[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1) if len(ranked) else np.empty(0, np.int64)
    hits = np.cumsum(own, dtype=np.int64)[ends]
    positives = int(own.sum())
    return Curve(ranked[ends].astype(np.float32), hits, ends + 1 - hits, positives, len(own) - positives)
