"""What a dataset form's folder or file is understood as, told before anything is built; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from typing import Any, TypeVar

import numpy as np

from app.services.context import Context, require
from app.services.paths import roots, server_paths
from data.checks import PATHS
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.files import shown
from data.objects.geometry import classes_in
from data.objects.table import ObjectGroup
from data.options import parse
from data.sources import CLASSIFICATION, Clue, Listing, Source, clues, find_source
from data.splits import SPLITS
from data.workspace import Workspace
from jobs.permissions import Principal

T = TypeVar("T")
FIELDS = (
    *PATHS,
    *("source", "layout", "path_column", "label_column", "split_column", "downloaded", "download"),
)
"""The options that say what is read; the others say what becomes of it."""
PATIENCE = 3.0
"""Seconds of looking; a folder of millions is then described by what was seen so far."""
FIRST = 5


def understand(
    ctx: Context, who: Principal | None, values: Mapping[str, Any], patience: float = PATIENCE
) -> dict[str, Any]:
    """How the path in ``values`` (fields of DatasetOptions, "folder" among them) would be read.

    ``{"source", "title", "reason", "kind", "whole", "seen", "splits": {split: {"images", "objects", "classes": [[name,
    count] ...] largest first}}, "class_count", "notes", "problems", "lines": first lines, "records": [{"path", "class",
    "objects"}], "alternatives": [{"source", "title", "reason"}]}``. ``whole`` is False where it took too long: then
    only ``seen`` images are known. Raises NotAllowed, UserError (naming the field; ``alternatives`` are not told then).
    """
    options = checked(ctx, require(who, "create"), values)
    found = clues(options.folder)
    source = find_source(options.source, options.folder)
    workspace = Workspace(roots(ctx, require(who, "create")))
    listing, seen = _within(source.scan(options, workspace), patience)
    reason = next((clue.reason for other, clue in found if other.name == source.name), "")
    return {
        "source": source.name,
        "title": source.title,
        "reason": reason,
        "kind": (listing.kind if listing else source.kind) or "",
        "whole": listing is not None,
        "seen": seen,
        "alternatives": [_alternative(other, clue) for other, clue in found if other.name != source.name],
        **_told(listing or Listing()),
    }


def checked(ctx: Context, who: Principal, values: Mapping[str, Any]) -> DatasetOptions:
    """The reading options among ``values``, paths inside the allowed roots. Raises UserError naming the fields."""
    given = {name: values[name] for name in FIELDS if values.get(name) not in (None, "")}
    if not given.get("folder"):
        raise UserError("Give a folder or file on the server.", field="folder")
    options = parse(DatasetOptions, given)
    return parse(DatasetOptions, {**given, **server_paths(ctx, who, options, PATHS)})


def _alternative(source: Source, clue: Clue) -> dict[str, str]:
    return {"source": source.name, "title": source.title, "reason": clue.reason}


def _within(scan: Generator[int, None, Listing], patience: float) -> tuple[Listing | None, int]:
    """The listing and how many images were seen; no listing where ``patience`` seconds were not enough."""
    until, seen = time.monotonic() + patience, 0
    while True:
        try:
            seen += next(scan)
        except StopIteration as end:
            return end.value, seen
        if time.monotonic() > until:
            scan.close()
            return None, seen


def _told(listing: Listing) -> dict[str, Any]:
    splits = _image_splits(listing) if listing.kind == CLASSIFICATION else _object_splits(listing)
    first: dict[str, Any] = next(iter(splits.values()), {"classes": []})
    return {
        "splits": splits,
        "class_count": max(len(listing.classes), len(first["classes"])),
        "notes": listing.notes,
        "problems": listing.problems,
        "lines": listing.lines,
        "records": _records(listing),
    }


def _image_splits(listing: Listing) -> dict[str, Any]:
    found = {}
    for split, group in _in_order(listing.groups):
        counts = np.bincount(group.labels, minlength=len(group.classes)).tolist()
        found[split] = {"images": sum(counts), "objects": None, "classes": _largest(group.classes, counts)}
    return found


def _object_splits(listing: Listing) -> dict[str, Any]:
    found = {}
    for split, group in _in_order(listing.objects):
        if group.objects is None:  # masks are counted while they are prepared
            found[split] = {
                "images": len(group.images),
                "objects": None,
                "classes": [[name, None] for name in listing.classes],
            }
            continue
        counts = classes_in(group.objects.shapes().cls, len(listing.classes)).tolist()
        pairs = [pair for pair in _largest(listing.classes, counts) if pair[1]]
        found[split] = {"images": len(group.images), "objects": sum(counts), "classes": pairs}
    return found


def _in_order(groups: Mapping[str, T]) -> list[tuple[str, T]]:
    """train, val, test."""
    return [(split, groups[split]) for split in SPLITS if split in groups]


def _largest(names: tuple[str, ...], counts: list[int]) -> list[list[Any]]:
    return [[name, count] for name, count in sorted(zip(names, counts, strict=True), key=lambda pair: -pair[1])]


def _records(listing: Listing) -> list[dict[str, Any]]:
    """A few training images spread over the listing, with their class or how many objects they hold."""
    if (group := listing.groups.get("train")) is not None and len(group.labels):
        rows = np.unique(np.linspace(0, len(group.labels) - 1, FIRST).astype(int)).tolist()
        return [
            {"path": listing.shown(group.table[row]), "class": group.classes[group.labels[row]], "objects": None}
            for row in rows
        ]
    held = listing.objects.get("train")
    return [] if held is None else _pictures(listing, held)


def _pictures(listing: Listing, group: ObjectGroup) -> list[dict[str, Any]]:
    rows = np.unique(np.linspace(0, len(group.images) - 1, FIRST).astype(int)).tolist() if len(group.images) else []
    ends = group.objects.shapes().idx if group.objects is not None else None
    return [
        {
            "path": listing.shown(group.images[row]),
            "class": "" if group.masks is None else shown(group.masks[row].rpartition("/")[2]),
            "objects": None if ends is None else int(ends[row + 1] - ends[row]),
        }
        for row in rows
    ]
