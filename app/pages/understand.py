"""What the dataset form's folder holds, told as soon as it is chosen: layout, classes, images."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np
from flask import Blueprint, render_template, request

from app.auth import current
from app.extensions import context, offload
from app.services.context import require
from app.services.paths import server_folder
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.options import parse
from data.sources import Listing, sources

blueprint = Blueprint("understand", __name__)
PATIENCE = 3.0
"""Seconds of looking; a folder of millions is then described by what was seen so far."""


@blueprint.get("/datasets/understand")
def look() -> str:
    """The part of the form below the folder: what would be built from it, or why nothing can."""
    who = require(current(), "create")
    try:
        folder = offload(server_folder, context(), who, request.args.get("folder", ""), "folder")
        options = parse(DatasetOptions, {"folder": str(folder), "layout": request.args.get("layout", "auto")})
        found = offload(_within, sources["image_folder"].scan(options), PATIENCE)
    except UserError as error:
        return render_template("datasets/understood.html", error=error, found=None)
    return render_template("datasets/understood.html", error=None, found=found)


def _within(scan: Generator[int, None, Listing], patience: float) -> dict[str, Any]:
    """Run a source's search for at most ``patience`` seconds; ``{"splits", "notes", "seen", "whole"}``."""
    until, seen = time.monotonic() + patience, 0
    while True:
        try:
            seen += next(scan)
        except StopIteration as end:
            return {"splits": _splits(end.value), "notes": end.value.notes, "seen": seen, "whole": True}
        if time.monotonic() > until:
            scan.close()
            return {"splits": {}, "notes": [], "seen": seen, "whole": False}


def _splits(listing: Listing) -> dict[str, Any]:
    """For each split its images, and how many each class has (name, count), largest first."""
    found = {}
    for split, group in listing.groups.items():
        counts = np.bincount(group.labels, minlength=len(group.classes)).tolist()
        classes = sorted(zip(group.classes, counts, strict=True), key=lambda pair: -pair[1])
        found[split] = {"images": sum(counts), "classes": classes}
    return found
