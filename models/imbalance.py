"""Classes of different sizes: weights for the loss, and an order of images that shows all classes equally often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.augment_options import ImbalanceOptions

_STREAM = 0xBA1
"""Keeps the draws of the balanced order apart from others that come from the same seed."""


def class_weights(options: ImbalanceOptions, counts: Sequence[int]) -> NDArray[np.float32] | None:
    """A weight for each class, float32 [classes], whose mean over the images is 1; None where all count alike.

    Inverse frequency is 1 / n; the effective number of n images is (1 - beta^n) / (1 - beta), and its inverse the
    weight (Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples"). A class without images: 0.
    """
    if options.class_weights == "none":
        return None
    number = np.asarray(counts, np.float64)
    if options.class_weights == "effective":
        beta = options.class_weights_beta
        number = (1 - np.power(beta, number)) / (1 - beta)
    weights = np.divide(1.0, number, out=np.zeros_like(number), where=number > 0)
    total = float(np.sum(weights * np.asarray(counts)))
    return (weights * (sum(counts) / total if total else 0.0)).astype(np.float32)


def balanced_order(labels: NDArray[np.integer], seed: int, epoch: int) -> NDArray[np.int64]:
    """As many record numbers as there are records, of every class that has any equally many (one more or less).

    The images of a class take turns through the epochs: none is seen again before all others of its class were.
    """
    present = np.unique(labels)
    shares = balanced_shares(len(labels), len(present))
    parts = [
        _turns(np.flatnonzero(labels == label), share, (seed, int(label)), epoch * share)
        for label, share in zip(present.tolist(), shares, strict=True)
    ]
    return np.random.default_rng([seed, _STREAM, epoch]).permutation(np.concatenate(parts)).astype(np.int64)


def balanced_shares(records: int, classes: int) -> list[int]:
    """How many of ``records`` images each of ``classes`` gets in a balanced epoch; they add up to ``records``."""
    each, more = divmod(records, classes)
    return [each + (number < more) for number in range(classes)]


def _turns(rows: NDArray[np.int64], count: int, stream: tuple[int, int], start: int) -> NDArray[np.int64]:
    """Places ``start .. start+count-1`` of an endless row of permutations of ``rows``."""
    first, last = start // len(rows), (start + count - 1) // len(rows)
    rounds = [np.random.default_rng([*stream, _STREAM, number]).permutation(rows) for number in range(first, last + 1)]
    offset = start - first * len(rows)
    return np.concatenate([*rounds, rows[:0]])[offset : offset + count]


def describe_balance(options: ImbalanceOptions, classes: Sequence[str], counts: Sequence[int]) -> list[dict[str, Any]]:
    """For each class its training images, how many of them an epoch shows, and its weight in the loss."""
    weights = class_weights(options, counts)
    having = [count > 0 for count in counts]
    shares = iter(balanced_shares(sum(counts), max(1, sum(having))))
    shown = [next(shares) if has else 0 for has in having] if options.sampler == "balanced" else list(counts)
    return [
        {"class": name, "images": count, "shown": times, "weight": 1.0 if weights is None else float(weights[number])}
        for number, (name, count, times) in enumerate(zip(classes, counts, shown, strict=True))
    ]
