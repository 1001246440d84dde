"""Pictures in which nothing is marked."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence
from data.objects.split import ObjectSplit


@check("unmarked", "Nothing marked", 1)
def unmarked(evidence: Evidence) -> Finding | None:
    """A picture without a box or a marked pixel: meant as an example of nothing, or forgotten."""
    records = []
    for place, name in enumerate(evidence.splits):
        split = evidence.dataset.split(name)
        if isinstance(split, ObjectSplit):
            marked = np.zeros(len(split), bool)
            for cls in range(len(evidence.dataset.classes)):
                marked[split.page(0, split.count(cls), cls)] = True
            records.append(np.flatnonzero(~marked) + evidence.starts[place])
    found = np.concatenate(records).astype(np.int64) if records else np.empty(0, np.int64)
    if not len(found):
        return None
    return Finding(f"{images(len(found))} in which nothing is marked.", found, found)
