"""The images that lie between two classes: where a model hesitates between just these two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 0.5
"""The two classes together have at least this probability: otherwise the model thinks of a third."""


def between(
    records: NDArray[Any], scores: NDArray[np.float32] | None, pair: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Images RESULT [n] for which two classes are the likely ones, the most undecided first: numbers and shares [m].

    A share is p1 / (p1 + p2), 0..1. ``scores`` are the probabilities float32 [n, classes]; without them a class that is
    not among the five likeliest has 0. Of equally undecided images the earlier one comes first.
    """
    first, second = (_probability(records, scores, cls) for cls in pair)
    both = first + second
    numbers = np.flatnonzero(both >= LEAST)
    shares = (first[numbers] / both[numbers]).astype(np.float32)
    order = np.argsort(np.abs(shares - 0.5), kind="stable")
    return numbers[order], shares[order]


def _probability(records: NDArray[Any], scores: NDArray[np.float32] | None, cls: int) -> NDArray[np.float32]:
    """Of one class, float32 [n]."""
    if scores is not None:
        return np.array(scores[:, cls])
    found: NDArray[np.float32] = np.where(records["top"] == cls, records["probability"], 0).sum(1, dtype=np.float32)
    return found
