"""Source pictures much smaller than the records: enlarging them adds pixels, not detail."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence

TIMES, MOST = 2, 0.2


@check("tiny", "Tiny source images", 1)
def tiny(evidence: Evidence) -> Finding | None:
    """The file's picture has less than half of the record's width and height, so that enlarging blurs it.

    Where more than a fifth of the set is so small, smaller records are the cure, and none is proposed to leave out.
    """
    width, height = evidence.dataset.width, evidence.dataset.height
    small = evidence.sized & (TIMES * evidence.column("source_width").astype(np.int64) < width)
    small &= TIMES * evidence.column("source_height").astype(np.int64) < height
    records = np.flatnonzero(small)
    if not len(records):
        return None
    area = evidence.column("source_width").astype(np.int64) * evidence.column("source_height")
    records = records[np.argsort(area[records], kind="stable")]
    reason = f"{images(len(records))} less than half as wide and as tall as the records ({width} x {height} px)"
    if len(records) <= MOST * len(evidence):
        return Finding(f"{reason}: enlarged, they are blurred.", records, records)
    return Finding(f"{reason}: smaller records would show as much and train faster.", records)
