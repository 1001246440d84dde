"""/api/v1/previews: images prepared in every way before a dataset is built, and augmented before a model is trained."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Response
from pydantic import Field

from app.api.endpoint import Api, Input, form_model
from app.api.outputs import Output
from app.auth import current
from app.extensions import context
from app.services import augmentation, previews
from app.services.augmentation import MOST_DRAWS, MOST_IMAGES, CropOption, Draws
from app.services.previews import MOST_PICTURES, Look
from data.dataset_options import DatasetOptions
from models.augment_options import AugmentOptions, ImbalanceOptions

api = Api("previews")


class PreviewIn(form_model("DatasetPreview", DatasetOptions)):  # type: ignore[misc]
    """The options of a dataset, and how its preview is wanted."""

    count: int = Field(
        Look.count, ge=1, le=MOST_PICTURES, description="Images to show, of as many classes as there are."
    )
    draw: int = Field(Look.draw, ge=0, le=10**6, description="Which images: 0, 1, 2 ... are different ones.")
    cell: int = Field(Look.cell, ge=32, le=256, description="Pixels that a picture of the sheet is fitted to.")


class PictureIn(PreviewIn):
    """Which image of a preview."""

    picture: int = Field(0, ge=0, lt=MOST_PICTURES, description="Its number, from 0.")


class Previewed(Output):
    """An image of the source; without sizes where it cannot be read."""

    path: str
    cls: str = Field(alias="class")
    width: int | None
    height: int | None
    bytes: int | None
    thumb: list[int] | None = Field(description="Its width and height on the sheet.")
    error: str | None


class PreviewedRecord(Output):
    """One image under one mode: bytes by encoding, or why the mode refuses it."""

    bytes: dict[str, int] | None
    error: str | None


class PreviewedMode(Output):
    """A resize mode: its records in the order of the images, and bytes of the whole database by encoding."""

    name: str
    title: str
    help: str
    database: dict[str, int]
    records: list[PreviewedRecord]


class Preview(Output):
    """Images prepared in every way; while a large folder is searched only `ready` (false) and `seen`."""

    ready: bool
    seen: int = Field(description="Images found so far.")
    note: str | None = Field(None, description="Why there is nothing to show (boxes and masks, archives).")
    images: int | None = Field(None, description="Images that the dataset would have.")
    encoding: str | None = None
    cell: int | None = Field(None, description="Side of a square cell of the sheet.")
    thumb: list[int] | None = Field(None, description="Width and height of a record on the sheet.")
    pictures: list[Previewed] = Field(default_factory=list)
    modes: list[PreviewedMode] = Field(default_factory=list)
    sheet: str | None = Field(
        None, description="JPEG as a data URI: a column for each image; its original on top, then a row for each mode."
    )


@api.operation("POST", "/previews", returns=Preview)
def preview_dataset(body: PreviewIn) -> dict[str, Any]:
    """Some images of a source under every resize mode, and what the database would weigh; builds nothing."""
    values, look = _split(body)
    return previews.preview(context(), current(), values, look)


@api.operation("POST", "/previews/picture", produces="image/*")
def preview_picture(body: PictureIn) -> Response:
    """One image of the preview as it would be stored under the chosen mode and encoding (raw as PNG)."""
    values, look = _split(body)
    data, mimetype = previews.picture(context(), current(), values, look, body.picture)
    return Response(data, mimetype=mimetype)


class AugmentedIn(form_model("Augmentation", AugmentOptions, CropOption)):  # type: ignore[misc]
    """Augmentation options, the dataset, and how its preview is wanted."""

    dataset: str = Field(max_length=100, description="Id of a finished dataset.")
    images: int = Field(Draws.images, ge=1, le=MOST_IMAGES, description="Images (rows).")
    draws: int = Field(Draws.draws, ge=1, le=MOST_DRAWS, description="Draws of each (columns).")
    draw: int = Field(Draws.draw, ge=0, le=10**6, description="Which images and draws: 0, 1, 2 ... are different ones.")
    cell: int = Field(Draws.cell, ge=32, le=256, description="Pixels that a picture of the sheet is fitted to.")


class Share(Output):
    """A class and its share of a target."""

    cls: str = Field(alias="class")
    share: float


class AugmentedRow(Output):
    """A record, and the targets of each of its draws."""

    index: int
    cls: str = Field(alias="class")
    cells: list[list[Share]]


class Augmented(Output):
    """Images as the network would see them; the sheet has a row for each, the record first, then its draws."""

    width: int
    height: int
    cell: int
    record: list[int] = Field(description="Width and height of a record on the sheet.")
    thumb: list[int] = Field(description="Width and height of a draw on the sheet.")
    rows: list[AugmentedRow]
    sheet: str = Field(description="JPEG as a data URI.")


class BalanceIn(form_model("Balance", ImbalanceOptions)):  # type: ignore[misc]
    """What is done about classes of different sizes."""

    dataset: str = Field(max_length=100, description="Id of a finished dataset.")


class ClassBalance(Output):
    """A class: its training images, how many an epoch shows, and its weight in the loss."""

    cls: str = Field(alias="class")
    images: int
    shown: int
    weight: float


@api.operation("POST", "/previews/augmentation", returns=Augmented)
def preview_augmentation(body: AugmentedIn) -> dict[str, Any]:
    """Training images as augmentation would change them, drawn by the code that trains."""
    given = body.model_dump(exclude_unset=True)
    look = {item.name: given.pop(item.name) for item in fields(Draws) if item.name in given}
    return augmentation.preview(context(), current(), given.pop("dataset"), given, Draws(**look))


@api.operation("POST", "/previews/balance", returns=list[ClassBalance])
def preview_balance(body: BalanceIn) -> list[dict[str, Any]]:
    """What a balanced sampler and class weights would do to the classes of a dataset."""
    given = body.model_dump(exclude_unset=True)
    return augmentation.balance(context(), current(), given.pop("dataset"), given)


def _split(body: Input) -> tuple[dict[str, Any], Look]:
    """The dataset's options, and the preview's."""
    given = body.model_dump(exclude_unset=True)
    given.pop("picture", None)
    look = {item.name: given.pop(item.name) for item in fields(Look) if item.name in given}
    return given, Look(**look)
