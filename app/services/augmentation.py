"""What training would do to a dataset's images and classes, shown before it starts."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from app.services.context import Conflict, Context, find_job, require
from app.services.datasets import manifest
from data.options import option, parse, plain, schema
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.augment_options import AugmentOptions, ImbalanceOptions
from models.imbalance import describe_balance

MOST_IMAGES, MOST_DRAWS = 12, 12


@dataclass(frozen=True, kw_only=True)
class CropOption:
    """The crop of a training, which augmentation is applied within."""

    crop_size: Annotated[int | None, option("Crop size", unit="px", ge=1)] = None


@dataclass(frozen=True)
class Draws:
    """How the preview is wanted: images (rows), draws of each (columns); ``draw`` 0, 1, 2 ... are different ones."""

    images: int = 5
    draws: int = 5
    draw: int = 0
    cell: int = 96


def preview(
    ctx: Context, who: Principal | None, dataset_id: str, values: Mapping[str, Any], look: Draws
) -> dict[str, Any]:
    """Some training images of a dataset as the network would see them, drawn by the code that trains.

    ``values`` may hold more than AugmentOptions and ``crop_size``. Answers ``{"rows": [{"index", "class", "cells":
    [[{"class", "share"}]]}], "sheet": JPEG data URI, "cell", "thumb", "record", "width", "height"}``: the sheet has a
    row for each image, its record first. Raises InvalidOptions, NotFound, Conflict while the dataset is not built.
    """
    row = _dataset(ctx, who, dataset_id)
    options, crop = parse(AugmentOptions, _own(AugmentOptions, values)), _crop(ctx, row, values)
    asked = {"options": plain(options), "crop": crop, **plain(look)}

    def make() -> dict[str, Any]:
        folder = str(ctx.store.folder(row.id).artifacts)
        answer, pictures = ctx.inspectors.ask("preview_augmentation", {"dataset": folder, **asked})
        return {**answer, "sheet": f"data:image/jpeg;base64,{b64encode(pictures[0]).decode()}"}

    return ctx.previews.augmented.get(json.dumps([row.id, asked], sort_keys=True), make)


def balance(ctx: Context, who: Principal | None, dataset_id: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each class of a finished dataset its training images, how many an epoch would show, and its weight."""
    row = _dataset(ctx, who, dataset_id)
    options = parse(ImbalanceOptions, _own(ImbalanceOptions, values))
    found = manifest(ctx, row)
    return describe_balance(options, found["classes"], found["splits"]["train"]["counts"])


def _dataset(ctx: Context, who: Principal | None, dataset_id: str) -> JobRow:
    """The finished dataset, if ``who`` may train on it."""
    who = require(who, "create")
    row = find_job(ctx, who, dataset_id, "dataset")
    if row.status != "Done":
        raise Conflict(f"{row.name} is not built yet: its images are shown once it is Done.")
    return row


def _crop(ctx: Context, row: JobRow, values: Mapping[str, Any]) -> int | None:
    """The crop, if it fits the dataset's images."""
    crop = parse(CropOption, _own(CropOption, values)).crop_size
    known = manifest(ctx, row)
    if crop and crop > min(known["height"], known["width"]):
        raise Conflict(f"A crop of {crop} pixels does not fit images of {known['width']}x{known['height']}.")
    return crop


def _own(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that are options of ``cls``."""
    return {name: values[name] for name in schema(cls)["properties"] if name in values}
