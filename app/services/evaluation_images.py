"""Pictures of the images that an evaluation judged: thumbnails in one JPEG, and each by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.services.context import Context, NotFound, find_job, require
from app.services.datasets import image as record_image
from app.services.datasets import sprite as record_sprite
from app.services.evaluations import about, answer, results
from app.services.jobs import job_of
from app.services.offload import offload
from app.services.sprites import as_png, sheet_of, to_image
from data.codecs import decode
from data.errors import UserError
from data.files import read_file, shown
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.evaluation.items import Items, guarded

MOST = 200
LARGEST = 1024
"""The longer side of a picture that is shown by itself, pixels."""


def sprite(ctx: Context, who: Principal | None, row: JobRow, numbers: Sequence[int], cell: int = 96) -> bytes:
    """Thumbnails as one JPEG: a grid ``ceil(sqrt(n))`` cells wide, each ``cell`` pixels square; grey where unreadable.

    Raises NotFound for a number that there is not, or where the images are of a dataset that ``who`` may not see.
    """
    require(who, "view", row)
    known = about(ctx, row)
    if not 0 < len(numbers) <= MOST:
        raise UserError(f"Ask for 1 to {MOST} images at once.", field="indices")
    _within(row, known["count"], numbers)
    if known["split"]:
        return record_sprite(ctx, who, _dataset(ctx, who, known["dataset"]), known["split"], numbers, cell)
    return offload(sheet_of, _reader(ctx, row), list(numbers), min(max(cell, 8), 256))


def picture(ctx: Context, who: Principal | None, row: JobRow, number: int) -> tuple[bytes, str]:
    """One image for the eye, with its MIME type; files are scaled down to ``LARGEST`` pixels. Raises NotFound."""
    require(who, "view", row)
    known = about(ctx, row)
    _within(row, known["count"], [number])
    if known["split"]:
        data, mimetype, _ = record_image(ctx, who, _dataset(ctx, who, known["dataset"]), known["split"], number)
        return data, mimetype
    return offload(_png, _reader(ctx, row), number), "image/png"


def record(ctx: Context, who: Principal | None, row: JobRow, number: int) -> dict[str, object]:
    """All that is known of one image: its answers and where it is from."""
    require(who, "view", row)
    known, records = about(ctx, row), results(ctx, row)
    _within(row, len(records), [number])
    found = answer(number, records[number], known["classes"])
    if known["split"]:
        part = ctx.datasets.get(_dataset(ctx, who, known["dataset"]).id).split(known["split"])
        return {**found, "path": part.path(number), "split": known["split"], "dataset": known["dataset"]}
    items = Items(ctx.store.folder(row.id).artifacts / "items")
    return {**found, "path": shown(items.paths([number])[0]), "split": None, "dataset": None}


def _png(read: Callable[[int], NDArray[np.uint8]], number: int) -> bytes:
    image = to_image(read(number))
    image.thumbnail((LARGEST, LARGEST))
    return as_png(np.asarray(image.convert("RGB")))


def _reader(ctx: Context, row: JobRow) -> Callable[[int], NDArray[np.uint8]]:
    """Reads image files of an evaluation, inside the folders that its owner might read when it was made."""
    items = Items(ctx.store.folder(row.id).artifacts / "items")
    roots = tuple(job_of(ctx, row).options.get("roots", ()))
    return lambda number: decode(read_file(guarded(items.paths([number])[0], roots)), 3)


def _dataset(ctx: Context, who: Principal | None, job_id: str) -> JobRow:
    return find_job(ctx, who, job_id, "dataset")


def _within(row: JobRow, count: int, numbers: Sequence[int]) -> None:
    if not all(0 <= number < count for number in numbers):
        raise NotFound(f"{row.name} has {count} images, numbered from 0.")
