"""Pictures much wider or taller than the others."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence

TIMES = 3.0


@check("odd_shape", "Odd aspect ratio", 1)
def odd_shape(evidence: Evidence) -> Finding | None:
    """Three times as wide (or as tall) for its height as the usual picture of the set: resizing distorts or cuts it."""
    sized = evidence.sized
    if not sized.any():
        return None
    ratio = np.log(
        np.where(sized, evidence.column("source_width") / np.maximum(evidence.column("source_height"), 1), 1)
    )
    usual = float(np.median(ratio[sized]))
    away = np.abs(ratio - usual)
    records = np.flatnonzero(sized & (away > np.log(TIMES)))
    if not len(records):
        return None
    records = records[np.argsort(-away[records], kind="stable")]
    usually = f"width over height {np.exp(usual):.2f}"
    reason = f"{images(len(records))} more than {TIMES:g} times as wide or as tall as usual ({usually})."
    return Finding(reason, records, records)
