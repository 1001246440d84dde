"""What the newest finished analysis of a dataset says: statistics, findings, pictures, columns, the map."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from app.services.analysis_jobs import newest, of
from app.services.context import Conflict, Context, NotFound, require
from app.services.datasets import opened_split
from app.services.jobs import brief
from data.analysis.columns import Columns
from data.database import Split
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow

PICTURES = {"mean": "mean.png", "deviation": "deviation.png", "classes": "classes.jpg"}
_KEPT: OrderedDict[tuple[str, int], dict[str, Any]] = OrderedDict()
_MOST_KEPT = 16


def folder(ctx: Context, row: JobRow) -> Path | None:
    """Artifacts of the newest analysis that is Done, None where there is none."""
    for child in of(ctx, row):
        path = ctx.store.folder(child.id).artifacts
        if child.status == Status.DONE.value and (path / "analysis.json").exists():
            return path
    return None


def describe(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """``{"dataset", "job": brief of the newest, "ready", "splits": {name: statistics}, "map", "findings"}``."""
    require(who, "view", row)
    last, path = newest(ctx, row), folder(ctx, row)
    found = _read(path) if path else {"splits": {}, "map": None, "findings": []}
    job = None if last is None else brief(last)
    return {"dataset": row.id, "job": job, "ready": path is not None, **found}


def statistics(ctx: Context, who: Principal | None, row: JobRow, split: str) -> dict[str, Any]:
    """The statistics of one split. Raises Conflict where the dataset is not analysed yet, NotFound."""
    found = ready(ctx, who, row)["splits"]
    if split not in found:
        raise NotFound(f"{row.name} has no {split} split; it has {', '.join(found)}.")
    return found[split]  # type: ignore[no-any-return]


def ready(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """As :func:`describe`, of a dataset that has been analysed. Raises Conflict where it has not."""
    found = describe(ctx, who, row)
    if found["ready"]:
        return found
    if found["job"] is None:
        raise Conflict(f"{row.name} has not been analysed.", hint="Ask for it on the dataset's page.")
    status = found["job"]["status"]
    raise Conflict(f"The analysis of {row.name} is not there yet: its status is {status}.")


def picture(ctx: Context, who: Principal | None, row: JobRow, split: str, name: str) -> tuple[bytes, str]:
    """A picture of a split ("mean", "deviation", "classes") and its MIME type. Raises Conflict, NotFound."""
    statistics(ctx, who, row, split)
    path = folder(ctx, row)
    if path is None or name not in PICTURES:
        raise NotFound(f"There is no picture called {name}; there are {', '.join(PICTURES)}.")
    data = (path / split / PICTURES[name]).read_bytes()
    return data, "image/png" if PICTURES[name].endswith("png") else "image/jpeg"


def places(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """The map of the set: for each split the records shown, as places (flat x, y, x, y ...) and class numbers."""
    found, path = ready(ctx, who, row), folder(ctx, row)
    shown = {}
    for name in found["splits"]:
        part = opened_split(ctx, row, name)[1]
        points = Columns(part, None if path is None else path / name)["map"]
        labels = np.maximum(part.labels[: len(points)], 0)  # pictures of several objects have no single class
        shown[name] = {"places": np.round(points, 4).ravel().tolist(), "labels": labels.tolist()}
    return {**found["map"], "total": sum(split["records"] for split in found["splits"].values()), "splits": shown}


def columns(ctx: Context, row: JobRow, split: Split) -> Columns:
    """The columns of a split of a dataset, of its newest finished analysis where there is one."""
    path = folder(ctx, row)
    return Columns(split, None if path is None else path / split.folder.name)


def _read(path: Path) -> dict[str, Any]:
    """analysis.json, kept while it is the same file."""
    file = path / "analysis.json"
    key = (str(file), file.stat().st_mtime_ns)
    if key not in _KEPT:
        _KEPT[key] = json.loads(file.read_text(encoding="utf-8"))
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return {name: _KEPT[key][name] for name in ("splits", "map", "findings")}
