"""Near duplicates within a split: scaled, re-encoded or brightened copies, neighbouring frames."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.alike import ALIKE
from data.doctor.checks.duplicates import within_splits
from data.doctor.evidence import Evidence


@check("lookalikes", "Near duplicates", 1)
def lookalikes(evidence: Evidence) -> Finding | None:
    """Pictures of one split that the eye takes for the same: scaled, re-encoded or brightened copies, frames of a film.

    Near look hashes and a correlation of the grey levels of at least 0.99.
    """
    groups = within_splits(evidence, evidence.alike)
    exact = within_splits(evidence, evidence.copies)
    copied = np.isin(groups.records, exact.but_first())
    group = groups.group[~copied]
    sizes = np.bincount(group, minlength=len(groups))
    found = groups.only(sizes > 1)
    if not len(found):
        return None
    extra = found.but_first()
    look = "looks" if len(extra) == 1 else "look"
    reason = f"{images(len(extra))} {look} like another of the same split (grey levels correlate by {ALIKE} or more)."
    return Finding(reason, found.records, extra, found.group)
