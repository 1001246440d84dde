"""Classes that a split has none of."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check
from data.doctor.evidence import Evidence

WORDS = {"train": "training", "val": "validation", "test": "test"}
SHOWN = 5


@check("classes", "Missing classes", 2)
def classes(evidence: Evidence) -> Finding | None:
    """A class without an image in a split: it is never learnt, or never measured."""
    missing: dict[str, list[str]] = {}
    for name in evidence.splits:
        counts = evidence.dataset.splits[name].counts
        lost = [evidence.dataset.classes[number] for number in np.flatnonzero(np.array(counts) == 0)]
        if lost:
            missing[name] = lost
    if not missing:
        return None
    parts = [f"no {WORDS[name]} image of {_names(lost)}" for name, lost in missing.items()]
    return Finding(f"There is {'; '.join(parts)}.", count=len({item for lost in missing.values() for item in lost}))


def _names(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more classes" if len(names) > SHOWN else ""
    return ", ".join(f'"{name}"' for name in names[:SHOWN]) + more
