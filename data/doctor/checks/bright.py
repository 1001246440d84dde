"""Pictures so bright that hardly anything is seen."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence

LEVEL, SPREAD = 235.0, 20.0


@check("bright", "Very bright images", 1)
def bright(evidence: Evidence) -> Finding | None:
    """Nearly white all over: mean grey level above 235 and a deviation below 20 of 255."""
    brightness, contrast = evidence.column("brightness"), evidence.column("contrast")
    records = np.flatnonzero((brightness > LEVEL) & (contrast < SPREAD) & ~evidence.blank)
    if not len(records):
        return None
    records = records[np.argsort(-brightness[records], kind="stable")]
    reason = f"{images(len(records))} brighter than {LEVEL:g} of 255 on average, with nothing dark in them."
    return Finding(reason, records, records)
