"""Whether a model says the same of images that look the same, and whether it knows some from its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services import analyses
from app.services.context import Context, require
from app.services.evaluations import about, answer, results
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.evaluation.intervals import wilson
from models.evaluation.records import NONE

ALIKE = ("duplicates", "lookalikes")
"""The doctor's findings of images of one split that are the same or nearly so."""
SHOWN = 12


def agreement(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any] | None:
    """What the near duplicates that the dataset's doctor found say of a finished evaluation.

    {groups, images, agree, differing: [[answers of a group] ...], leaked: {in_training, elsewhere}}; None where the
    images are no split of a dataset that ``who`` may see, or it has not been analysed, or nothing was found. ``leaked``
    is None where no image of the split is in training too.
    """
    require(who, "view", row)
    known = about(ctx, row)
    dataset = ctx.store.get(known["dataset"], who) if known["split"] else None
    folder = analyses.folder(ctx, dataset) if dataset else None
    if folder is None:
        return None
    records, place = results(ctx, row), folder / known["split"]
    groups = [group for name in ALIKE for group in _groups(place, name, records)]
    leaked = None if known["split"] == "train" else _leaked(place, records)
    if not groups and leaked is None:
        return None
    differing = [group for group in groups if len(set(records["predicted"][group].tolist())) > 1]
    shown = [[answer(int(one), records[one], known["classes"]) for one in group[:SHOWN]] for group in differing[:SHOWN]]
    images = sum(len(group) for group in groups)
    counts = {"groups": len(groups), "images": images, "agree": len(groups) - len(differing)}
    return {**counts, "differing": shown, "leaked": leaked}


def _groups(place: Path, name: str, records: NDArray[Any]) -> list[NDArray[np.int64]]:
    """The numbers of the judged images of each group of a finding that has at least two of them."""
    path = place / f"finding.{name}.npy"
    if not path.exists():
        return []
    numbers, groups = np.load(path), np.load(place / f"finding.{name}.group.npy")
    judged = numbers < len(records)
    judged[judged] = records["predicted"][numbers[judged]] != NONE
    numbers, groups = numbers[judged], groups[judged]
    order = np.argsort(groups, kind="stable")
    parts = np.split(numbers[order], np.flatnonzero(np.diff(groups[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _leaked(place: Path, records: NDArray[Any]) -> dict[str, Any] | None:
    """How many of the labelled images that training knows are right, and of the others."""
    path = place / "finding.leakage.npy"
    if not path.exists():
        return None
    numbers = np.load(path)
    seen = np.zeros(len(records), np.bool_)
    seen[numbers[numbers < len(records)]] = True
    labelled = (records["label"] != NONE) & (records["predicted"] != NONE)
    if not (seen & labelled).any():
        return None
    return {"in_training": _share(records, seen & labelled), "elsewhere": _share(records, ~seen & labelled)}


def _share(records: NDArray[Any], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    right, count = int((records["rank"][chosen] == 0).sum()), int(chosen.sum())
    low, high = wilson(right, count)
    interval = [float(low), float(high)] if count else None
    return {"count": count, "right": right, "accuracy": right / count if count else None, "interval": interval}
