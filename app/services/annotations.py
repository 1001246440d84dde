"""What is marked in a record of a detection or segmentation dataset: boxes, outlines, keypoints, masks, colours."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from app.services.context import Conflict, Context, NotFound, require
from app.services.datasets import opened_split
from app.services.offload import offload
from data.database import Dataset
from data.objects.split import ObjectSplit, as_dicts
from jobs.permissions import Principal
from jobs.tables import JobRow


def marked(ctx: Context, who: Principal | None, row: JobRow, split: str, index: int) -> dict[str, Any]:
    """Everything marked in one record, in pixels of its picture as stored.

    ``{"kind", "width", "height", "objects": [data.objects.split.as_dicts], "mask": whether there is one, "classes":
    [{"label", "name", "colour", "count": objects, or pixels of the mask}] of those in it, most first}``. Raises
    NotFound, Conflict for a dataset in which nothing is marked.
    """
    require(who, "view", row)
    dataset, part = _objects(ctx, row, split, index)
    width, height = part.size(index)
    objects: list[dict[str, Any]] = []
    if part.has_masks:
        counts = offload(_pixels, part, index, len(dataset.classes))
    else:
        objects = as_dicts(part.objects(index), dataset.classes)
        counts = Counter(thing["label"] for thing in objects)
    colours = dataset.manifest["colours"]
    classes = [
        {"label": label, "name": dataset.classes[label], "colour": colours[label], "count": count}
        for label, count in counts.most_common()
    ]
    return {
        "kind": dataset.kind,
        "width": width,
        "height": height,
        "objects": objects,
        "mask": part.has_masks,
        "classes": classes,
    }


def mask(ctx: Context, who: Principal | None, row: JobRow, split: str, index: int) -> tuple[bytes, str]:
    """A record's mask as grey PNG of class numbers (255: no class), and an ETag. Raises NotFound where it has none."""
    require(who, "view", row)
    _, part = _objects(ctx, row, split, index)
    data = part.mask_png(index)
    if data is None:
        raise NotFound(f"The records of {row.name} have no masks.")
    return data, f"{row.id}-{split}-{index}-mask"


def _objects(ctx: Context, row: JobRow, split: str, index: int) -> tuple[Dataset, ObjectSplit]:
    dataset, part = opened_split(ctx, row, split)
    if not isinstance(part, ObjectSplit):
        raise Conflict(f"{row.name} has one class an image; nothing is marked in its images.")
    if not 0 <= index < len(part):
        raise NotFound(f"The {split} split of {row.name} has {len(part)} records, numbered from 0.")
    return dataset, part


def _pixels(part: ObjectSplit, index: int, classes: int) -> Counter[int]:
    found = part.mask(index)
    pixels = (
        np.bincount(found.reshape(-1), minlength=classes)[:classes] if found is not None else np.zeros(classes, int)
    )
    return Counter({label: count for label, count in enumerate(pixels.tolist()) if count})
