"""Two models on the same images: what one mends and breaks of the other, and whether that is more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.records import NONE

EXACT = 1000
KINDS = ("fixed", "broken", "flipped")


@dataclass(frozen=True)
class Comparison:
    """bool [n] each: wrong before and right now, right before and wrong now, wrong both times in different ways."""

    fixed: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    flipped: NDArray[np.bool_]
    labelled: int
    right: tuple[int, int]

    @property
    def p_value(self) -> float:
        """McNemar's test of the null hypothesis that neither model is better."""
        return mcnemar(int(self.fixed.sum()), int(self.broken.sum()))


def compare(before: NDArray[Any], now: NDArray[Any]) -> Comparison:
    """Compare two evaluations (RESULT [n]) of the same images. Raises ValueError where the numbers differ."""
    if len(before) != len(now):
        raise ValueError("the evaluations are of different images")
    known = (before["label"] != NONE) & (before["predicted"] != NONE) & (now["predicted"] != NONE)
    was, is_ = (known & (one["predicted"] == before["label"]) for one in (before, now))
    differ = known & (before["predicted"] != now["predicted"])
    return Comparison(
        fixed=~was & is_,
        broken=was & ~is_,
        flipped=differ & ~was & ~is_,
        labelled=int(known.sum()),
        right=(int(was.sum()), int(is_.sum())),
    )


def mcnemar(fixed: int, broken: int) -> float:
    """Two-sided p-value for ``fixed`` and ``broken`` images: exact binomial up to 1,000, then chi-squared with Edwards'
    correction. Q. McNemar, Note on the sampling error of the difference between correlated proportions (1947).
    """
    count = fixed + broken
    if count == 0:
        return 1.0
    if count <= EXACT:
        tail = sum(math.comb(count, hits) for hits in range(min(fixed, broken) + 1))
        return min(1.0, float(2 * tail / 2**count))
    statistic = max(0, abs(fixed - broken) - 1) ** 2 / count
    return math.erfc(math.sqrt(statistic / 2))


def in_words(comparison: Comparison, before: str, now: str) -> str:
    """The test in a sentence for people."""
    fixed, broken = int(comparison.fixed.sum()), int(comparison.broken.sum())
    if fixed == broken:
        return (
            f"{now} and {before} are right equally often: each is right on {fixed:,} images where the other is wrong."
        )
    better, worse = (now, before) if fixed > broken else (before, now)
    p = comparison.p_value
    figure = "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"
    if p < 0.05:
        verdict = f"{better} is better than {worse}; chance alone would hardly make such a difference"
    else:
        verdict = f"{better} is right more often than {worse}, but chance alone could make such a difference"
    return f"{verdict} ({fixed:,} images mended, {broken:,} broken, McNemar's test {figure})."
