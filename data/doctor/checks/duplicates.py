"""Copies within a split: equal pixels or equal files."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.alike import Groups
from data.doctor.evidence import Evidence


@check("duplicates", "Duplicates", 2)
def duplicates(evidence: Evidence) -> Finding | None:
    """The same picture several times in one split: it counts several times in training, or in what is measured.

    Equal pixels after preparation, or equal source files; blank pictures have a check of their own.
    """
    groups = within_splits(evidence, evidence.copies)
    if not len(groups):
        return None
    extra = groups.but_first()
    reason = f"{images(len(extra))} more of {len(groups):,} that the split holds already, pixel for pixel."
    return Finding(reason, groups.records, extra, groups.group)


def within_splits(evidence: Evidence, groups: Groups) -> Groups:
    """The groups cut apart where they span splits; parts of a single record are no group."""
    split = evidence.split_of[groups.records].astype(np.int64)
    parts, number, sizes = np.unique(groups.group.astype(np.int64) * 8 + split, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    whole = Groups(groups.records[order], number[order].astype(np.int32))
    return whole.only(sizes > 1) if len(parts) else whole
