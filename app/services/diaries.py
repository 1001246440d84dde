"""The learning diary of a model: galleries of easy, ambiguous and suspicious training images, and the data map."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services import datasets, versions
from app.services.caches import LRU
from app.services.context import Conflict, Context, NotFound, find_job, require
from app.services.offload import offload, offload_each
from data.database import Dataset, Split
from data.errors import UserError
from jobs.permissions import Principal
from jobs.tables import JobRow
from jobs.updates import finite
from models.diary.files import Diary, read
from models.diary.views import SORTS, VIEWS, sample, select, suspicious, totals

SPLIT = "train"
FIGURES = ("confidence", "variability", "margin", "loss", "last_loss")
COUNTS = ("seen", "right", "forgotten", "learnt")
MAP_POINTS = 20_000
CSV_LINES = 5000
_VIEWS: LRU[NDArray[np.int64]] = LRU(8)
"""Orders of whole views, for the next page; a million record numbers are 8 MB."""


@dataclass(frozen=True)
class Wanted:
    """A gallery: ``show`` is a view, ``cls`` a class number, ``sort`` a column ("-": falling), "" for its own order."""

    show: str = "suspicious"
    cls: int | None = None
    sort: str = ""


@dataclass(frozen=True)
class Opened:
    """A diary with the dataset whose images it is about."""

    row: JobRow
    diary: Diary
    dataset_row: JobRow
    dataset: Dataset
    split: Split


def find(ctx: Context, row: JobRow) -> Diary | None:
    """The diary as it is on disk now; None where there is none (yet). Raises UserError where it is damaged."""
    return read(ctx.store.folder(row.id).path / "diary")


def opened(ctx: Context, who: Principal | None, row: JobRow) -> Opened:
    """The diary and its dataset. Raises Conflict where there is none, NotFound where the dataset may not be seen."""
    require(who, "view", row)
    diary = find(ctx, row)
    if diary is None:
        raise Conflict(f"{row.name} has no learning diary yet.", hint="It appears with the first report of a training.")
    dataset_row = find_job(ctx, who, str(diary.about["dataset"]), "dataset")
    dataset, split = datasets.opened_split(ctx, dataset_row, SPLIT)
    if len(split) != diary.about["records"]:
        raise Conflict(f"The diary of {row.name} is about other images than {dataset_row.name} has now.")
    return Opened(row, diary, dataset_row, dataset, split)


def overview(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """``{"about", "dataset", "views": [{"name", "title", "help", "images"}]}``. Raises what :func:`opened` raises."""
    found = opened(ctx, who, row)
    counts = offload(totals, found.diary)
    views = [{"name": name, "title": v.title, "help": v.help, "images": counts[name]} for name, v in VIEWS.items()]
    known = ("records", "step", "epoch", "since", "every", "mixed")
    about = {key: found.diary.about[key] for key in known}
    return {"about": about, "dataset": found.dataset_row.id, "classes": list(found.dataset.classes), "views": views}


def images(
    ctx: Context, who: Principal | None, row: JobRow, wanted: Wanted, *, page: int = 1, size: int = 50
) -> dict[str, Any]:
    """One page of a gallery; each record with its figures and the runs of its history. Raises NotFound, UserError."""
    found = opened(ctx, who, row)
    numbers = chosen(found, wanted)
    size = min(max(size, 1), datasets.LARGEST_PAGE)
    pages = max(1, math.ceil(len(numbers) / size))
    page = min(max(page, 1), pages)
    shown = numbers[(page - 1) * size : page * size]
    head = {"show": wanted.show, "class": wanted.cls, "page": page, "size": size, "pages": pages}
    return {**head, "total": len(numbers), "records": described(found, shown)}


def image(ctx: Context, who: Principal | None, row: JobRow, number: int) -> dict[str, Any]:
    """All of one training image: its figures, and for each epoch kept whether it was right and its loss."""
    found = opened(ctx, who, row)
    if not 0 <= number < len(found.split):
        raise NotFound(f"{found.dataset_row.name} has {len(found.split)} training images, numbered from 0.")
    epochs, losses = found.diary.history(np.asarray([number]))
    told = [
        {"epoch": epoch, "right": not bool(np.signbit(loss)), "loss": abs(float(loss))}
        for epoch, loss in zip(epochs, losses[:, 0], strict=True)
        if not np.isnan(loss)
    ]
    return {**described(found, np.asarray([number]))[0], "history": told}


def chosen(found: Opened, wanted: Wanted) -> NDArray[np.int64]:
    """Record numbers of a gallery, in order. Raises NotFound (view, class), UserError (order)."""
    if wanted.show not in VIEWS:
        raise NotFound(f"A diary shows {', '.join(VIEWS)}; not {wanted.show}.")
    if wanted.cls is not None and not 0 <= wanted.cls < len(found.dataset.classes):
        raise NotFound(f"{found.dataset_row.name} has no class number {wanted.cls}.")
    if wanted.sort.removeprefix("-") not in ("", *SORTS):
        raise UserError(f"Images of a diary are ordered by {', '.join(SORTS)}; not {wanted.sort}.", field="sort")
    stamp = (found.diary.folder / "diary.json").stat().st_mtime_ns
    key = f"{found.row.id} {stamp} {wanted}"
    return _VIEWS.get(key, lambda: offload(_selected, found, wanted))


def _selected(found: Opened, wanted: Wanted) -> NDArray[np.int64]:
    members = None if wanted.cls is None else np.flatnonzero(np.asarray(found.split.labels) == wanted.cls)
    return select(found.diary, wanted.show, members, wanted.sort)


def described(found: Opened, numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Figures of some images. "rival" is the class each is mostly taken for where it is wrong, None where never."""
    diary = found.diary
    figures = {name: finite(diary.column(name)[numbers]) for name in FIGURES}
    counts = {name: diary.column(name)[numbers].astype(int).tolist() for name in COUNTS}
    rivals, suspects = diary.column("rival")[numbers].astype(int), suspicious(diary)[numbers]
    losses = diary.history(numbers)[1]
    told = []
    for place, number in enumerate(numbers.tolist()):
        wrong = counts["right"][place] < counts["seen"][place]
        told.append(
            {
                **datasets.short_record(found.dataset, found.split, number),
                **{name: values[place] for name, values in (figures | counts).items()},
                "rival": found.dataset.classes[rivals[place]] if wrong else None,
                "suspicious": bool(suspects[place]),
                "runs": runs(losses[:, place]),
            }
        )
    return told


def runs(losses: NDArray[np.float32]) -> list[dict[str, Any]]:
    """A history in short: ``[{"answer": "right" | "wrong" | "unseen", "epochs": how many in a row}]``."""
    told: list[dict[str, Any]] = []
    for loss in losses.tolist():
        answer = "unseen" if math.isnan(loss) else "wrong" if math.copysign(1, loss) < 0 else "right"
        if told and told[-1]["answer"] == answer:
            told[-1]["epochs"] += 1
        else:
            told.append({"answer": answer, "epochs": 1})
    return told


def places(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """The data map, at most MAP_POINTS images: lists of numbers, variability, confidence, share right, labels."""
    found = opened(ctx, who, row)
    numbers = offload(sample, found.diary, MAP_POINTS)
    diary = found.diary
    share = diary.column("right")[numbers] / np.maximum(diary.column("seen")[numbers], 1)
    columns: dict[str, NDArray[Any]] = {
        "right": share,
        **{name: diary.column(name)[numbers] for name in ("variability", "confidence")},
    }
    return {
        "total": int((diary.column("seen") > 0).sum()),
        "numbers": numbers.tolist(),
        **{name: np.round(values, 4).tolist() for name, values in columns.items()},
        "labels": np.asarray(found.split.labels)[numbers].tolist(),
        "suspicious": suspicious(diary)[numbers].tolist(),
    }


def table(ctx: Context, who: Principal | None, row: JobRow) -> Iterator[bytes]:
    """Every training image with its figures as CSV, piece by piece."""
    found = opened(ctx, who, row)
    require(who, "download", row)
    return offload_each(_lines(found))


def _lines(found: Opened) -> Iterator[bytes]:
    names = [*COUNTS, *FIGURES]
    yield (",".join(["index", "class", *names, "rival", "suspicious", "path"]) + "\r\n").encode()
    suspects, classes = suspicious(found.diary), found.dataset.classes
    rivals, labels = found.diary.column("rival"), np.asarray(found.split.labels)
    columns = [found.diary.column(name) for name in names]
    for start in range(0, len(found.split), CSV_LINES):
        text, numbers = StringIO(), range(start, min(start + CSV_LINES, len(found.split)))
        writer = csv.writer(text)
        for number, path in zip(numbers, found.split.paths(numbers), strict=True):
            values = [f"{column[number]:.6g}" for column in columns]
            never_wrong = columns[1][number] == columns[0][number]
            rival = "" if never_wrong else classes[int(rivals[number])]
            writer.writerow([number, classes[labels[number]], *values, rival, int(suspects[number]), path])
        yield text.getvalue().encode()


def new_version(
    ctx: Context,
    who: Principal | None,
    row: JobRow,
    wanted: Wanted | Sequence[int],
    values: Mapping[str, Any],
) -> JobRow:
    """A new version of the dataset without a gallery's images, or without some record numbers.

    ``values`` and what is raised: see ``versions.create``. Conflict where nothing would be left out.
    """
    require(who, "create")
    found = opened(ctx, who, row)
    numbers = chosen(found, wanted).tolist() if isinstance(wanted, Wanted) else list(wanted)
    if not numbers:
        raise Conflict("There is no such image to leave out.")
    return versions.create(ctx, who, found.dataset_row, {SPLIT: numbers}, values)
