"""Blurred pictures, measured against the sharpness that is usual in the set."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence

MOST, BELOW_USUAL = 0.4, 3.0
LEAST_SIDE = 64


@check("blurred", "Blurred images", 1)
def blurred(evidence: Evidence) -> Finding | None:
    """Edges are wide: their fineness (1 to 3 mostly, 5 for noise) is below 0.4 and below a third of the usual.

    Sets of records under 64 pixels a side are not judged: scaled so far down, a blurred photo is as sharp as another.
    """
    if evidence.classified and min(evidence.dataset.width, evidence.dataset.height) < LEAST_SIDE:
        return None
    detail = evidence.column("detail")
    seen = ~evidence.blank
    if not seen.any():
        return None
    limit = min(MOST, float(np.median(detail[seen])) / BELOW_USUAL)
    records = np.flatnonzero(seen & (detail < limit))
    if not len(records):
        return None
    records = records[np.argsort(detail[records], kind="stable")]
    reason = f"{images(len(records))} whose edges are less than a third as fine as is usual in this set."
    return Finding(reason, records, records)
