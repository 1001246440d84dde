"""What a model's validations left: the answers for its probe images, activations of a layer, the confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.services.context import Context, NotFound, require
from app.services.offload import offload
from jobs.permissions import Principal
from jobs.tables import JobRow
from jobs.updates import finite
from models.probe.files import Validations
from models.probe.sprite import layout, sprite

MOST_LISTED = 2000


def overview(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """The probes and the validations so far, oldest first.

    ``{"layer", "units", "classes", "dataset", "split", "probes": [{"index", "label", "class"}], "validations":
    [{"step", "epoch", "right": how many probes, "own": [probability of each probe's own class]}]}``; both may be [].
    """
    require(who, "view", row)
    files = _files(ctx, row)
    about = files.about()
    dataset = next(iter(ctx.store.parents(row.id)), "")
    if about is None:
        return {
            "layer": "",
            "units": [],
            "classes": [],
            "dataset": dataset,
            "split": "val",
            "probes": [],
            "validations": [],
        }
    classes, labels = about["classes"], about["labels"]
    probes = [
        {"index": index, "label": label, "class": classes[label]}
        for index, label in zip(about["records"], labels, strict=True)
    ]
    told = offload(lambda: [_short(files, step, labels) for step in files.steps()[-MOST_LISTED:]])
    head = {"layer": about["layer"], "units": about["units"], "classes": classes, "dataset": dataset}
    return {**head, "split": about["split"], "probes": probes, "validations": told}


def _short(files: Validations, step: int, labels: list[int]) -> dict[str, Any]:
    found = files.read(step, ("own", "top", "epoch"))
    right = int((found["top"][:, 0] == np.asarray(labels)).sum()) if len(labels) else 0
    return {"step": step, "epoch": float(found["epoch"]), "right": right, "own": _rounded(found["own"])}


def one(ctx: Context, who: Principal | None, row: JobRow, step: int) -> dict[str, Any]:
    """One validation: ``{"step", "epoch", "answers" [probe][{"class", "index", "probability"}], "matrix", "maps"}``.

    ``matrix`` is None where there are too many classes for it; ``maps`` says how the sprite is laid out, None where no
    activations were kept. Raises NotFound.
    """
    require(who, "view", row)
    files = _files(ctx, row)
    about, found = files.about(), _read(row, files, step)
    classes = about["classes"] if about else []
    answers = [
        [{"class": classes[i], "index": int(i), "probability": p} for i, p in zip(top, _rounded(sure), strict=True)]
        for top, sure in zip(found["top"], found["sure"], strict=True)
    ]
    maps = None
    if "maps" in found:
        columns, rows = layout(len(found["maps"]))
        range_ = {"low": finite(found["low"]), "high": finite(found["high"])}
        maps = {"columns": columns, "rows": rows, **range_}
    matrix = found["matrix"].tolist() if "matrix" in found else None
    return {"step": step, "epoch": float(found["epoch"]), "answers": answers, "matrix": matrix, "maps": maps}


def picture(ctx: Context, who: Principal | None, row: JobRow, step: int) -> bytes:
    """The activations of all probes at that validation as a PNG. Raises NotFound."""
    require(who, "view", row)
    found = _read(row, _files(ctx, row), step, ("maps",))
    if "maps" not in found:
        raise NotFound(f"{row.name} kept no activations at step {step}.")
    return offload(sprite, found["maps"])


def _read(row: JobRow, files: Validations, step: int, only: tuple[str, ...] = ()) -> dict[str, Any]:
    try:
        return offload(files.read, step, only)
    except KeyError:
        raise NotFound(f"{row.name} kept no validation at step {step}.") from None


def _files(ctx: Context, row: JobRow) -> Validations:
    return Validations(ctx.store.folder(row.id).path / "validations")


def _rounded(values: Any) -> list[float | None]:
    return finite(np.round(np.asarray(values, np.float64), 4))
