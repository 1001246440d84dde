"""Pictures so dark that hardly anything is seen."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence

LEVEL, SPREAD = 25.0, 20.0


@check("dark", "Dark images", 1)
def dark(evidence: Evidence) -> Finding | None:
    """Nearly black all over: mean grey level below 25 and a deviation below 20 of 255.

    A bright stroke on black, as in MNIST, deviates by more and is not meant.
    """
    brightness, contrast = evidence.column("brightness"), evidence.column("contrast")
    records = np.flatnonzero((brightness < LEVEL) & (contrast < SPREAD) & ~evidence.blank)
    if not len(records):
        return None
    records = records[np.argsort(brightness[records], kind="stable")]
    reason = f"{images(len(records))} darker than {LEVEL:g} of 255 on average, with nothing bright in them."
    return Finding(reason, records, records)
