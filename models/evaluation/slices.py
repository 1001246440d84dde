"""Accuracy by groups of images: dark or bright, small or large, by camera; weaknesses that the overall figure hides."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.intervals import wilson

GROUPS = 5
MOST_VALUES = 50
"""A property with more different texts than this (a file name, a remark) makes no groups."""
MOST_NUMBERS = 1_000_000
"""Different numbers of a property; more are not looked at, since all of them are in memory together."""
SHOWN = 12
"""Groups by value that are told: the largest ones."""
BLANK = -1


@dataclass(frozen=True)
class Texts:
    """A property whose values are words: ``codes`` int32 [n] into ``names``, BLANK where there is none."""

    codes: NDArray[np.int32]
    names: list[str]


Property = NDArray[Any] | Texts
"""Numbers [n], NaN where there is none, or words."""


def slices(values: NDArray[Any], right: NDArray[np.bool_], groups: int = GROUPS) -> list[dict[str, Any]]:
    """Accuracy in ``groups`` of about equal size by ``values`` [n]: {low, high, count, right, accuracy, interval}.

    Equal values are never parted, so there are fewer groups where there are few values; none for no images. NaN is in
    no group.
    """
    known = ~np.isnan(values)
    values, right = values[known], right[known]
    if not len(values):
        return []
    highest = np.unique(np.quantile(values, np.linspace(0, 1, groups + 1)[1:], method="inverted_cdf"))
    place = np.searchsorted(highest, values, side="left")
    found = []
    for group in np.unique(place):
        inside = values[place == group]
        found.append({"low": float(inside.min()), "high": float(inside.max()), **_group(right[place == group])})
    return found


def by_value(texts: Texts, right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Accuracy for each value, the most frequent first, SHOWN of them: {value, count, right, accuracy, interval}."""
    counts = np.bincount(texts.codes[texts.codes != BLANK], minlength=len(texts.names))
    order = [int(code) for code in np.argsort(-counts, kind="stable")[:SHOWN] if counts[code]]
    return [{"value": texts.names[code], **_group(right[texts.codes == code])} for code in order]


def sliced(values: Property, chosen: NDArray[np.bool_], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The groups of the ``chosen`` [n] images, which are ``right`` [chosen] or not."""
    if isinstance(values, Texts):
        return by_value(Texts(values.codes[chosen], values.names), right)
    return slices(np.asarray(values)[chosen], right)


def length(values: Property) -> int:
    """Of how many images it is."""
    return len(values.codes if isinstance(values, Texts) else values)


def as_property(texts: Iterable[str]) -> Property | None:
    """What a column of texts is: numbers if all are ("" is none) and many differ, else words; None for free text."""
    codes, names, odd = array("i"), {"": BLANK}, False
    for text in map(str.strip, texts):
        if text not in names:
            odd = odd or _number(text) is None
            if len(names) > (MOST_VALUES if odd else MOST_NUMBERS):
                return None
        codes.append(names.setdefault(text, len(names) - 1))
    words, found = list(names)[1:], np.array(codes, np.int32)
    if len(words) > GROUPS and not odd:
        return np.array([*map(float, words), math.nan])[found]  # BLANK is the last
    return Texts(found, words) if 1 < len(words) <= MOST_VALUES else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _group(right: NDArray[np.bool_]) -> dict[str, Any]:
    hits, count = int(right.sum()), len(right)
    low, high = wilson(hits, count)
    return {
        "count": count,
        "right": hits,
        "accuracy": hits / count,
        "interval": [float(low), float(high)],
    }
