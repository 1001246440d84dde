"""Blank pictures: one colour all over."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import BLANK, Evidence


@check("blank", "Blank images", 2)
def blank(evidence: Evidence) -> Finding | None:
    """One colour all over: the grey levels deviate by less than 2 of 255."""
    records = np.flatnonzero(evidence.blank)
    if not len(records):
        return None
    reason = f"{images(len(records))} of one colour all over (grey levels deviate by less than {BLANK:g} of 255)."
    return Finding(reason, records, records)
