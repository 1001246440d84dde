"""What a diary says of a set: which images are easy, ambiguous, forgotten, never learnt, or suspicious, worst first.

Suspicious is an image that another class has outscored on average over the training (a negative area under the margin,
Pleiss et al. 2020), that was wrong more often than right, and was mostly taken for one and the same other class. A
wrong label looks like that; so does an image that is merely very hard: a person must look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.diary.files import Diary

LEAST_SEEN = 3
"""An image seen less often is not suspected yet."""
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class View:
    """A gallery: the images that ``keep`` says, ordered by the columns ``order`` ("-" in front: falling)."""

    title: str
    help: str
    keep: Callable[[Diary], Mask]
    order: tuple[str, ...]


def seen(diary: Diary) -> Mask:
    """Images that were in a batch at all."""
    return diary.column("seen") > 0


def suspicious(diary: Diary) -> Mask:
    """Images whose label is likely wrong."""
    count, right = diary.column("seen"), diary.column("right")
    wrong = count - right
    one_rival = 2 * diary.column("votes") >= wrong
    return (count >= LEAST_SEEN) & (diary.column("margin") < 0) & (wrong > right) & one_rival


VIEWS = {
    "suspicious": View(
        "Suspicious",
        "Mostly taken for one and the same other class: the label may be wrong. Worst first.",
        suspicious,
        ("margin",),
    ),
    "ambiguous": View(
        "Ambiguous",
        "The probability of their class went up and down most.",
        lambda diary: diary.column("seen") >= LEAST_SEEN,
        ("-variability",),
    ),
    "forgotten": View(
        "Forgotten",
        "Right once and wrong again later, most often first.",
        lambda diary: diary.column("forgotten") > 0,
        ("-forgotten", "margin"),
    ),
    "never": View(
        "Never learnt",
        "Not right a single time.",
        lambda diary: seen(diary) & (diary.column("learnt") == 0),
        ("margin",),
    ),
    "easy": View(
        "Easy",
        "Right every time, surest first.",
        lambda diary: seen(diary) & (diary.column("right") == diary.column("seen")),
        ("-confidence",),
    ),
    "all": View("All", "Every image that was learnt from, hardest first.", seen, ("margin",)),
}
SORTS = {
    "margin": "Margin",
    "confidence": "Confidence",
    "variability": "Variability",
    "forgotten": "Times forgotten",
    "learnt": "Epoch learnt",
    "loss": "Mean loss",
    "last_loss": "Last loss",
}


def select(diary: Diary, show: str, members: Numbers | None = None, sort: str = "") -> Numbers:
    """Record numbers of a view in order, of all images or of ``members``; ``sort`` instead of its own order.

    Raises KeyError for a view or an order that there is not.
    """
    view = VIEWS[show]
    keep = view.keep(diary)
    numbers = np.flatnonzero(keep) if members is None else members[keep[members]]
    keys = (sort,) if sort else view.order
    if unknown := {key.removeprefix("-") for key in keys} - SORTS.keys():
        raise KeyError(unknown.pop())
    columns: list[NDArray[Any]] = [numbers, *(_key(diary, key)[numbers] for key in reversed(keys))]
    order: Numbers = np.lexsort(columns)
    return numbers[order]


def _key(diary: Diary, key: str) -> NDArray[np.float32]:
    column = diary.column(key.removeprefix("-"))
    return -column if key.startswith("-") else column


def totals(diary: Diary) -> dict[str, int]:
    """How many images each view has."""
    return {name: int(view.keep(diary).sum()) for name, view in VIEWS.items()}


def sample(diary: Diary, most: int) -> Numbers:
    """At most ``most`` images for the map, rising: all suspicious ones that fit, and a seeded choice of the others."""
    known = np.flatnonzero(seen(diary))
    if len(known) <= most:
        return known
    chance = np.random.default_rng(len(known))
    first = np.flatnonzero(suspicious(diary))
    first = first if len(first) <= most // 2 else chance.choice(first, most // 2, replace=False)
    others = np.setdiff1d(known, first, assume_unique=True)
    return np.sort(np.r_[first, chance.choice(others, most - len(first), replace=False)])
