"""Images named by a list or a table: paths made whole and checked, classes collected, groups made for the plan."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from data.details import Details
from data.errors import UserError
from data.files import shown
from data.paths import PathTable
from data.splits import Group
from data.workspace import Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

REPORT = 2000
"""Rows between two words on how far the reading is."""


class Paths:
    """Makes listed paths whole below ``root`` and passes only those that may be read; each folder is checked once."""

    def __init__(self, root: str, workspace: Workspace) -> None:
        self.root = root
        self.refused: Counter[str] = Counter()
        self._workspace = workspace
        self._allowed: dict[str, bool] = {}

    def whole(self, text: str) -> tuple[str, str] | None:
        """(folder, name) of a listed path; None, and counted, where it is a web address or leads outside."""
        if "://" in text[:10]:
            self.refused["web addresses, which are not fetched"] += 1
            return None
        if "\0" in text or not text.strip():
            self.refused["empty paths"] += 1
            return None
        folder, _, name = os.path.normpath(os.path.join(self.root, text.replace("\\", "/"))).rpartition("/")
        if folder not in self._allowed:
            self._allowed[folder] = self._workspace.allows(folder or "/")
        if not self._allowed[folder]:
            self.refused["paths outside the folders that may be read"] += 1
            return None
        return folder, name

    def problems(self) -> list[str]:
        """A sentence for each reason for which rows were left out."""
        return [f"Left out {count:,} {reason}." for reason, count in self.refused.items()]


def given_root(options: DatasetOptions, split: str) -> str | None:
    """The folder of images that a person named for a split; None where none was named."""
    own = {"val": options.val_image_root, "test": options.test_image_root}
    return own.get(split) or options.image_root


def image_root(given: str | None, beside: str, samples: Sequence[str]) -> str:
    """The folder that listed paths are relative to.

    The given one, or the first of the list's own folder, its parent and the usual image folders in both, in which the
    first of ``samples`` exists; the list's own folder where none does.
    """
    if given:
        return given.rstrip("/") or "/"
    parent = os.path.dirname(beside)
    names = ("", "images", "JPEGImages", "img", "imgs", "data")
    candidates = [os.path.join(folder, name) if name else folder for folder in (beside, parent) for name in names]
    for folder in candidates:
        if any(os.path.exists(os.path.join(folder, sample.replace("\\", "/"))) for sample in samples if sample):
            return folder
    return beside


@dataclass
class Listed:
    """The rows of one list: path table and class of each row, with classes by name in order of appearance.

    ``details`` are what else a table says of each row, one for each; None for lists that say nothing.
    """

    table: PathTable = field(default_factory=PathTable)
    labels: array[int] = field(default_factory=lambda: array("i"))
    details: Details | None = None


class Classes:
    """Class names and their numbers, shared by the lists of all splits."""

    def __init__(self, names: Iterable[str] = (), fixed: bool = False) -> None:
        self.numbers = {name: number for number, name in enumerate(names)}
        self.fixed = fixed

    def number(self, name: str) -> int:
        """The number of a class; a new one gets the next."""
        return self.numbers.setdefault(name, len(self.numbers))

    def ordered(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The names sorted (numbers by value, other names as text) and, for each old number, its new one."""
        names = list(self.numbers)
        if not self.fixed:
            names.sort(key=(lambda name: (int(name), name)) if all(map(_is_number, names)) else None)
        place = {name: number for number, name in enumerate(names)}
        return tuple(names), np.array([place[name] for name in self.numbers] or [0], np.int32)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10


def groups_of(lists: dict[str, Listed], classes: Classes, places: dict[str, str]) -> dict[str, Group]:
    """One group a split; ``places`` are the lists that people named, by split."""
    names, renumbered = classes.ordered()
    shown_names = tuple(shown(name) for name in names)
    groups = {}
    for split, listed in lists.items():
        labels = renumbered[np.frombuffer(listed.labels, np.int32)] if len(listed.labels) else np.empty(0, np.int32)
        details = listed.details if listed.details is not None and listed.details.columns else None
        place = shown(places.get(split, ""))
        groups[split] = Group(place, split, shown_names, listed.table, labels.astype(np.int32), details)
    return groups


def require_rows(groups: dict[str, Group], place: str, problems: Sequence[str]) -> None:
    """Raises UserError unless the training list names images of at least two classes."""
    train = groups.get("train")
    having = len(np.unique(train.labels)) if train is not None and len(train.labels) else 0
    if having >= 2:
        return
    what = "images of one class only" if having else "no image with a class"
    why = f" {' '.join(problems)}" if problems else ""
    raise UserError(
        f"{shown(place)} names {what}; a classification dataset needs at least two classes.{why}", field="folder"
    )
