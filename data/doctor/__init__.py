"""The doctor: checks that find what would hurt a training, one file each, registered by a decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.doctor.evidence import Evidence
from data.registry import Registry

Numbers = NDArray[np.int64]


def none() -> Numbers:
    """No record."""
    return np.empty(0, np.int64)


@dataclass
class Finding:
    """What a check found: one sentence, the records concerned, and which of them it proposes to leave out.

    Record numbers count through all splits (see Evidence); ``records`` are in the order in which they are shown,
    ``groups`` puts a number on each where several belong together (copies of one picture). ``files`` are source files
    that have no record: {"path", "split", "class", "reason"}.
    """

    reason: str
    records: Numbers = field(default_factory=none)
    remove: Numbers = field(default_factory=none)
    groups: NDArray[np.int32] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    count: int | None = None

    @property
    def total(self) -> int:
        """How many records, files or classes it is about."""
        return len(self.records) if self.count is None else self.count


Look = Callable[[Evidence], Finding | None]


@dataclass(frozen=True)
class Check:
    """A registered check. ``weight`` orders findings: 3 spoils measuring, 2 hurts learning, 1 deserves a look."""

    name: str
    title: str
    help: str
    weight: int
    look: Look


known_checks: Registry[Check] = Registry("data.doctor.checks", "foveal.checks")


def check(name: str, title: str, weight: int) -> Callable[[Look], Look]:
    """Register a function as a check; its docstring (the first paragraph) is the help that people read."""

    def register(look: Look) -> Look:
        words = " ".join((look.__doc__ or "").partition("\n\n")[0].split())
        known_checks.register(Check(name, title, words, weight, look))
        return look

    return register


def examine(evidence: Evidence) -> Iterator[tuple[Check, Finding]]:
    """Every check in turn, the weightiest first; those that find nothing are left out."""
    for each in sorted(known_checks, key=lambda item: (-item.weight, item.name)):
        finding = each.look(evidence)
        if finding is not None and finding.total:
            yield each, finding


def images(count: int, noun: str = "image") -> str:
    """ "1 image", "2,000 images"; another ``noun`` counts other things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
