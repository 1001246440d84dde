"""/api/v1/previews: a dataset's images prepared in every way before it is built."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Response
from pydantic import Field

from app.api.endpoint import Api, Input, form_model
from app.api.outputs import Output
from app.auth import current
from app.extensions import context
from app.services import previews
from app.services.previews import MOST_PICTURES, Look
from data.dataset_options import DatasetOptions

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


def _split(body: Input) -> tuple[dict[str, Any], Look]:
    """The dataset's options, and the preview's."""
    given = body.model_dump(exclude_unset=True)
    given.pop("picture", None)
    look = {item.name: given.pop(item.name) for item in fields(Look) if item.name in given}
    return given, Look(**look)
