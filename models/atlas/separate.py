"""Which units of a layer tell two classes apart, by how far their values for the two lie from each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Separation:
    """float64 [units]: ``dprime`` of all images, signed (above 0: higher for the first class); ``auroc`` of the kept.

    ``auroc`` is the chance that a random image of the first class has the higher value (equal values count half), NaN
    where not both classes have kept images; ``counts`` are those.
    """

    dprime: NDArray[np.float64]
    auroc: NDArray[np.float64]
    counts: tuple[int, int]

    def order(self) -> NDArray[np.int64]:
        """Units by the size of d', largest first; the lower number first of equals."""
        return np.argsort(-np.abs(self.dprime), kind="stable")


def separation(
    arrays: Mapping[str, NDArray[Any]], peaks: NDArray[np.float16], labels: NDArray[Any], pair: tuple[int, int]
) -> Separation:
    """How well each unit of a layer separates two classes.

    ``arrays`` are the layer's figures with ``profile`` and ``deviation`` [classes, units]; ``peaks`` [kept, units] and
    ``labels`` [kept] are of the images kept.
    """
    groups = [np.asarray(peaks[labels == cls], np.float32) for cls in pair]
    counts = (len(groups[0]), len(groups[1]))
    return Separation(dprime(arrays["profile"][list(pair)], arrays["deviation"][list(pair)]), auroc(*groups), counts)


def dprime(means: NDArray[Any], deviations: NDArray[Any]) -> NDArray[np.float64]:
    """(m1 - m2) / sqrt((s1^2 + s2^2) / 2) of means and standard deviations [2, units]; 0 where both are constant
    and equal, infinite where they are constant and differ.

    D. Green and J. Swets, Signal Detection Theory and Psychophysics (1966).
    """
    means, deviations = means.astype(np.float64), deviations.astype(np.float64)
    difference, noise = means[0] - means[1], np.sqrt(np.square(deviations).mean(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / noise)


def auroc(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """The share of pairs [n, units] x [m, units] in which the first is higher, ties half (Mann and Whitney 1947).

    SciPy's ranks would do as well, but the web asks this, and ``scipy.stats`` is 60 MB.
    """
    if not len(first) or not len(second):
        return np.full(first.shape[1], np.nan)
    ordered = np.sort(second, axis=0)
    return np.array([_higher(values, others) for values, others in zip(first.T, ordered.T, strict=True)])


def _higher(values: NDArray[Any], ordered: NDArray[Any]) -> float:
    """The share of pairs of ``values`` with sorted others in which the value is higher, ties half."""
    below, up_to = (np.searchsorted(ordered, values, side).mean() for side in ("left", "right"))
    return float(below + up_to) / 2 / len(ordered)
