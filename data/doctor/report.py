"""The doctor's findings on disk: what pages and REST tell, and for each split the records of every finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.doctor import Check, Finding, examine
from data.doctor.evidence import Evidence

THUMBS = 12


def report(evidence: Evidence, target: Path) -> list[dict[str, Any]]:
    """Run every check and write its records into ``target``; returns the findings as JSON, the weightiest first.

    ``<split>/finding.<name>.npy`` int64 record numbers in the order in which they are shown, beside it
    ``.remove.npy`` those proposed to be left out and ``.group.npy`` int32 which belong together; ``problems.npy`` uint8
    counts for each record the findings that it is in.
    """
    counts = np.zeros(len(evidence), np.uint8)
    found = []
    for check, finding in examine(evidence):
        _write(evidence, check.name, finding, target)
        counts[finding.records] += 1
        found.append(_told(evidence, check, finding))
    for place, split in enumerate(evidence.splits):
        np.save(target / split / "problems.npy", counts[evidence.starts[place] : evidence.starts[place + 1]])
    return found


def _write(evidence: Evidence, name: str, finding: Finding, target: Path) -> None:
    for split, records in evidence.by_split(finding.records).items():
        np.save(target / split / f"finding.{name}.npy", records)
        if finding.groups is not None:
            mine = finding.groups[evidence.split_of[finding.records] == evidence.splits.index(split)]
            np.save(target / split / f"finding.{name}.group.npy", mine)
    for split, records in evidence.by_split(finding.remove).items():
        np.save(target / split / f"finding.{name}.remove.npy", np.sort(records))


def _told(evidence: Evidence, check: Check, finding: Finding) -> dict[str, Any]:
    """What is told of a finding, with the places of its first records."""
    by_split = evidence.by_split(finding.records)
    return {
        "name": check.name,
        "title": check.title,
        "help": check.help,
        "weight": check.weight,
        "reason": finding.reason,
        "count": finding.total,
        "splits": {split: len(records) for split, records in by_split.items()},
        "groups": int(finding.groups.max()) + 1 if finding.groups is not None and len(finding.groups) else 0,
        "remove": {split: len(records) for split, records in evidence.by_split(finding.remove).items()},
        "thumbs": [_place(evidence, int(record)) for record in _shown(finding)],
        "files": finding.files,
    }


def _shown(finding: Finding) -> NDArray[np.int64]:
    """The records shown as examples: the first ones, or a pair of each of the first groups."""
    if finding.groups is None:
        return finding.records[:THUMBS]
    starts = np.flatnonzero(np.diff(finding.groups, prepend=-1))[: THUMBS // 2]
    return finding.records[np.stack([starts, starts + 1], axis=1).ravel()]


def _place(evidence: Evidence, record: int) -> list[Any]:
    """[split, number in it] of a number through all splits."""
    place = int(evidence.split_of[record])
    return [evidence.splits[place], record - int(evidence.starts[place])]
