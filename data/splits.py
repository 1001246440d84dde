"""Which image goes into which split: pure, seeded, class by class."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.details import Details
from data.paths import PathTable

Rows = NDArray[np.int32]
"""Rows of a path table; int64 would be a third more memory than all else that is known of an image."""
Labels = NDArray[np.int32]
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Group:
    """The images found in one place: ``table`` has the paths, ``labels[row]`` the number of the class in ``classes``.

    ``split`` is the split they are meant for, "train" for those that percentages are taken from; ``folder`` is the
    folder the user named. ``details`` are what a table says of each row beside that.
    """

    folder: str
    split: str
    classes: tuple[str, ...]
    table: PathTable
    labels: Labels
    details: Details | None = None


@dataclass(frozen=True)
class Limits:
    """Least and most images of a class; None: no limit."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Rules:
    """How to divide: percent of each class for validation and test (0..100), limits of each group, and the seed.

    Without ``shuffle`` records keep the order in which they were found, and limits keep the first of a class.
    """

    val_percent: float = 0.0
    test_percent: float = 0.0
    limits: Mapping[str, Limits] = field(default_factory=dict)
    seed: int = 0
    shuffle: bool = True

    def of(self, split: str) -> Limits:
        """The limits for the group of this split."""
        return self.limits.get(split, Limits())


@dataclass(frozen=True)
class Part:
    """One split: rows of a path table and their class numbers, in the order in which they are written."""

    table: PathTable
    rows: Rows
    labels: Labels
    details: Details | None = None


@dataclass(frozen=True)
class Plan:
    """The shared classes and the parts by split name; ``dropped`` classes were too small, ``unknown`` not in train."""

    classes: tuple[str, ...]
    parts: dict[str, Part]
    dropped: tuple[str, ...]
    unknown: dict[str, tuple[str, ...]]


def divide(count: int, val_percent: float, test_percent: float) -> tuple[int, int, int]:
    """How many of ``count`` images of a class go to train, val and test; the three add up to ``count``.

    Shares are rounded half up. Each split that is asked for gets at least one image where there are enough; where
    there are not, train comes first, then val.
    """
    asked = (val_percent + test_percent < 100, val_percent > 0, test_percent > 0)
    least = _at_least_one(count, asked)
    val = max(int(count * val_percent / 100 + 0.5), least[1])
    val = min(val, count - least[0] - least[2])
    test = max(int(count * test_percent / 100 + 0.5), least[2])
    test = min(test, count - least[0] - val)
    if not asked[0]:
        val, test = (val, count - val) if asked[2] else (count, 0)
    return count - val - test, val, test


def make_plan(groups: Mapping[str, Group], rules: Rules) -> Plan:
    """Divide the train group by percentages, add the groups that have a split of their own, shuffle each split.

    ``groups`` maps a split name to its group; "train" must be there. A split with its own group takes nothing from
    train. Depends on nothing but its arguments.
    """
    train = groups["train"]
    by_class = _by_class(train, rules.of("train"), rules)
    kept = [name for name in train.classes if name in by_class]
    dropped = tuple(name for name in train.classes if name not in by_class)
    percents = [0.0 if name in groups else percent for name, percent in _percents(rules)]
    pieces: dict[str, list[Rows]] = {name: [] for name in SPLITS}
    for name in kept:
        rows = by_class[name]
        ends = np.cumsum(divide(len(rows), *percents))
        for split, piece in zip(SPLITS, np.split(rows, ends[:2]), strict=True):
            pieces[split].append(piece)
    parts = {split: _part(train, pieces[split], split, rules) for split in SPLITS if split not in groups}
    parts["train"] = _part(train, pieces["train"], "train", rules)
    unknown = {}
    for split, group in groups.items():
        if split != "train":
            own = _by_class(group, rules.of(split), rules)
            none = np.empty(0, np.int32)
            parts[split] = _part(group, [own.get(name, none) for name in kept], split, rules)
            unknown[split] = tuple(name for name in group.classes if name not in kept)
    ordered = {split: parts[split] for split in SPLITS if len(parts[split].rows)}
    return Plan(tuple(kept), ordered, dropped, {split: names for split, names in unknown.items() if names})


def _percents(rules: Rules) -> tuple[tuple[str, float], tuple[str, float]]:
    return ("val", rules.val_percent), ("test", rules.test_percent)


def _at_least_one(count: int, asked: tuple[bool, bool, bool]) -> list[int]:
    """1 for each asked split as far as ``count`` reaches."""
    least: list[int] = []
    for wanted in asked:
        least.append(int(wanted and sum(least) < count))
    return least


def _by_class(group: Group, limits: Limits, rules: Rules) -> dict[str, Rows]:
    """Shuffled (if asked) rows of each class that has any and is large enough, cut to the most allowed.

    Each class has its own random stream, named by the class: another class beside it changes nothing here.
    """
    order = np.argsort(group.labels, kind="stable").astype(np.int32)
    starts = np.concatenate(([0], np.cumsum(np.bincount(group.labels, minlength=len(group.classes)))))
    result = {}
    for number, name in enumerate(group.classes):
        rows = order[starts[number] : starts[number + 1]]
        if len(rows) >= max(1, limits.least or 1):
            stream = np.random.default_rng((rules.seed, zlib.crc32(name.encode()), SPLITS.index(group.split)))
            result[name] = (stream.permutation(rows) if rules.shuffle else rows)[: limits.most]
    return result


def _part(group: Group, pieces: list[Rows], split: str, rules: Rules) -> Part:
    """The pieces (one a class, in class order) as one part, shuffled or in the order found."""
    rows = np.concatenate(pieces) if pieces else np.empty(0, np.int32)
    labels = np.repeat(np.arange(len(pieces), dtype=np.int32), [len(piece) for piece in pieces])
    stream = np.random.default_rng((rules.seed, SPLITS.index(split)))
    count = np.arange(len(rows), dtype=np.int32)
    order = stream.permutation(count) if rules.shuffle else np.argsort(rows)
    return Part(group.table, rows[order], labels[order], group.details)
