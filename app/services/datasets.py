"""Datasets: making one, and looking at what is in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from app.services import analysis_jobs
from app.services.context import Conflict, Context, NotFound, find_job, require
from app.services.offload import offload
from app.services.paths import roots, server_path, server_paths
from app.services.sprites import as_png, sheet
from app.services.submit import Order, parse_form, submit
from data.checks import PATHS, check_options
from data.database import Dataset, Split
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.exclusion import parse_list, read_list, write_list
from data.options import parse, plain
from data.whole import write_json
from data.workspace import ROOTS_FILE
from jobs.folder import JobFolder
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow

SPLITS = ("train", "val", "test")
MIME = {"png": "image/png", "jpg": "image/jpeg", "raw": "image/png"}
SAME_AS = "job:"
LARGEST_PAGE = 500
LARGEST_CELL = 256


def create(
    ctx: Context,
    who: Principal | None,
    values: Mapping[str, Any],
    parent: JobRow | None = None,
    without: Sequence[str] = (),
) -> JobRow:
    """A new dataset job from form values (DatasetOptions, name, group, visibility, notes), and one that analyses it.

    ``parent`` is the dataset of which it is a new version, ``without`` are paths to be left out beside those that
    the option ``exclude`` names. Raises InvalidOptions naming every wrong field, NotAllowed, StorageFull.
    """
    who = require(who, "create")
    options, label = parse_form(DatasetOptions, values, lambda given: Path(given.folder).name or "Dataset")
    options = _checked(ctx, who, options)
    prepare = partial(_prepare, ctx, who, [*listed(ctx, who, options), *without])
    parents = (parent.id,) if parent else ()
    order = Order(type="dataset", task="build_dataset", options=options, parents=parents, prepare=prepare)
    row = submit(ctx, who, order, label, values)
    if options.analyse:
        analysis_jobs.start(ctx, who, row)
    return row


def _prepare(ctx: Context, who: Principal, excluded: Sequence[str], folder: JobFolder) -> None:
    """Write down which folders the job may follow lists into (data/workspace.py), and which images it leaves out."""
    write_json(folder.path / ROOTS_FILE, [str(root) for root in roots(ctx, who)])
    if excluded:
        write_list(folder.path, excluded)


def listed(ctx: Context, who: Principal, options: DatasetOptions) -> list[str]:
    """The paths that the option ``exclude`` means: a list on the server, or ("job:ID") what a dataset left out."""
    if not options.exclude:
        return []
    if options.exclude.startswith(SAME_AS):
        other = find_job(ctx, who, options.exclude.removeprefix(SAME_AS), "dataset")
        return sorted(read_list(ctx.store.folder(other.id).path))
    return parse_list(server_path(ctx, who, options.exclude, "exclude"), Path(options.folder))


def _checked(ctx: Context, who: Principal, options: DatasetOptions) -> DatasetOptions:
    """The options with real folders inside the allowed roots. Raises InvalidOptions for all wrong folders at once."""
    options = parse(DatasetOptions, {**plain(options), **server_paths(ctx, who, options, PATHS)})
    offload(check_options, options)  # looks at folders, which may be slow
    return options


# -- looking into a finished dataset -----------------------------------------------------------------------------


def manifest(ctx: Context, row: JobRow) -> dict[str, Any]:
    """dataset.json of a finished dataset. Raises Conflict while it is not Done or where it is damaged."""
    return _opened(ctx, row).manifest


def explore(
    ctx: Context,
    who: Principal | None,
    row: JobRow,
    split: str,
    cls: int | None = None,
    page: int = 1,
    size: int = 100,
) -> dict[str, Any]:
    """One page of records, of one class or all; costs O(size). ``page`` counts from 1, ``size`` is at most 500."""
    require(who, "view", row)
    dataset, part = opened_split(ctx, row, split)
    if cls is not None and not 0 <= cls < len(dataset.classes):
        raise NotFound(f"{row.name} has no class number {cls}.")
    size = min(max(size, 1), LARGEST_PAGE)
    total = part.count(cls)
    pages = max(1, math.ceil(total / size))
    page = min(max(page, 1), pages)
    numbers = part.page((page - 1) * size, size, cls)
    records = [short_record(dataset, part, number) for number in numbers]
    head = {"split": split, "class": cls, "page": page, "size": size, "pages": pages, "total": total}
    return {**head, "records": records}


def record(ctx: Context, who: Principal | None, row: JobRow, split: str, index: int) -> dict[str, Any]:
    """One record: its class, where it came from, and its stored size in pixels and bytes."""
    require(who, "view", row)
    dataset, part = opened_split(ctx, row, split)
    _within(row, part, split, index)
    width, height = part.size(index)
    size = {"width": width, "height": height, "channels": dataset.channels}
    found = {**short_record(dataset, part, index), "split": split, "path": part.path(index)}
    return {**found, **size, "encoding": dataset.encoding, "bytes": len(part.encoded(index))}


def image(ctx: Context, who: Principal | None, row: JobRow, split: str, index: int) -> tuple[bytes, str, str]:
    """A record's picture as stored (raw ones as PNG): bytes, MIME type and an ETag that never changes."""
    require(who, "view", row)
    dataset, part = opened_split(ctx, row, split)
    _within(row, part, split, index)
    data = part.encoded(index)
    if dataset.encoding == "raw":
        data = offload(as_png, part.image(index))
    return data, MIME[dataset.encoding], f"{row.id}-{split}-{index}"


def sprite(
    ctx: Context, who: Principal | None, row: JobRow, split: str, indices: Sequence[int], cell: int = 64
) -> bytes:
    """Thumbnails of some records as one JPEG: a grid ``ceil(sqrt(n))`` cells wide, each ``cell`` pixels square."""
    require(who, "view", row)
    _, part = opened_split(ctx, row, split)
    for index in indices:
        _within(row, part, split, index)
    if not 0 < len(indices) <= LARGEST_PAGE:
        raise UserError(f"Ask for 1 to {LARGEST_PAGE} records at once.", field="indices")
    return offload(sheet, part, list(indices), min(max(cell, 8), LARGEST_CELL))


def mean(ctx: Context, who: Principal | None, row: JobRow) -> bytes:
    """The mean of the training images as PNG. Raises NotFound while there is none."""
    require(who, "view", row)
    try:
        return (ctx.store.folder(row.id).artifacts / "mean.png").read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{row.name} has no mean image yet.") from None


def failures(ctx: Context, who: Principal | None, row: JobRow, page: int = 1, size: int = 100) -> dict[str, Any]:
    """The files that could not be read, with reason and hint, page by page."""
    require(who, "view", row)
    path = ctx.store.folder(row.id).artifacts / "failures.jsonl"
    size = min(max(size, 1), LARGEST_PAGE)
    return offload(_failures, path, max(page, 1), size)


def _failures(path: Path, page: int, size: int) -> dict[str, Any]:
    if not path.exists():
        return {"total": 0, "page": page, "size": size, "failures": []}
    with path.open(encoding="utf-8") as file:
        before = sum(1 for _ in islice(file, (page - 1) * size))
        lines = [json.loads(line) for line in islice(file, size)]
        total = before + len(lines) + sum(1 for _ in file)
    return {"total": total, "page": page, "size": size, "failures": lines}


def _opened(ctx: Context, row: JobRow) -> Dataset:
    if row.status != Status.DONE.value:
        raise Conflict(f"{row.name} cannot be looked into yet: its status is {row.status}, it should be Done.")
    try:
        return ctx.datasets.get(row.id)
    except (UserError, OSError, ValueError, KeyError) as error:
        raise Conflict(f"The files of {row.name} cannot be read: {error}", hint="Clone it to build it anew.") from None


def opened_split(ctx: Context, row: JobRow, split: str) -> tuple[Dataset, Split]:
    """A finished dataset and one of its splits. Raises Conflict while it is not Done, NotFound for the split."""
    dataset = _opened(ctx, row)
    if split not in dataset.splits:
        raise NotFound(f"{row.name} has no {split} split; it has {', '.join(dataset.splits)}.")
    return dataset, dataset.split(split)


def _within(row: JobRow, part: Split, split: str, index: int) -> None:
    if not 0 <= index < len(part):
        raise NotFound(f"The {split} split of {row.name} has {len(part)} records, numbered from 0.")


def short_record(dataset: Dataset, part: Split, index: int) -> dict[str, Any]:
    """What lists show of a record."""
    label = int(part.label(index))
    caption = part.caption(index, dataset.classes)
    return {"index": index, "label": None if label < 0 else label, "class": caption}  # several objects: no one class
