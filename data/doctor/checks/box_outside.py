"""Boxes that leave their picture or have no area."""

from __future__ import annotations

import numpy as np

from data.doctor import Finding, check, images
from data.doctor.evidence import Evidence
from data.objects.split import ObjectSplit

SLACK = 1.0
"""Pixels by which a box may stick out: formats count from 0 or from 1, and round."""


@check("box_outside", "Boxes outside their image", 2)
def box_outside(evidence: Evidence) -> Finding | None:
    """A box sticks out of its picture by more than a pixel, or has no width or height: that is wrong."""
    records, boxes = [], 0
    for place, name in enumerate(evidence.splits):
        split = evidence.dataset.split(name)
        if not isinstance(split, ObjectSplit) or split.has_masks:
            continue
        owner = np.repeat(np.arange(len(split)), np.diff(split.shapes.idx))
        width, height = np.asarray(split.sizes)[owner].T
        left, top, right, bottom = np.asarray(split.shapes.box).T
        wrong = (left < -SLACK) | (top < -SLACK) | (right > width + SLACK) | (bottom > height + SLACK)
        wrong |= (right <= left) | (bottom <= top)
        boxes += int(wrong.sum())
        records.append(np.unique(owner[wrong]) + evidence.starts[place])
    if not boxes:
        return None
    found = np.concatenate(records).astype(np.int64)
    what = "1 box" if boxes == 1 else f"{boxes:,} boxes"
    return Finding(f"{what} in {images(len(found))} stick out of the picture or have no area.", found, found)
