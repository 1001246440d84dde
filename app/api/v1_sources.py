"""/api/v1/datasets/understand and /api/v1/uploads/parts: what a path would be read as, and uploads in pieces."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, cast

from flask import request
from pydantic import Field

from app.api.endpoint import Api, Input, form_model
from app.api.inputs import Count
from app.api.outputs import Output, Uploaded
from app.auth import current
from app.extensions import context, offload
from app.services import upload_parts
from app.services.understand import understand
from data.dataset_options import DatasetOptions
from data.sources import sources

api = Api("datasets")
UnderstandIn = form_model("UnderstandIn", DatasetOptions)
"""All options of a dataset; those that say what becomes of what is read are passed over."""


class SourceOut(Output):
    """A format that datasets are read from. ``files``: whether a file is given rather than a folder: no, may, must."""

    name: str
    title: str
    help: str
    kind: str
    files: str


class Alternative(Output):
    """What a path could also be read as."""

    source: str
    title: str
    reason: str


class SplitFound(Output):
    """A split that was found: images, objects marked in them (null: not counted yet), and classes, largest first."""

    images: int
    objects: int | None
    classes: list[tuple[str, int | None]]


class RecordFound(Output):
    """An image that was found, with its class or how many objects are marked in it."""

    path: str
    cls: str = Field(alias="class")
    objects: int | None


class Understood(Output):
    """How a path would be read. ``whole`` is false where there was too much to look at: then only ``seen`` counts."""

    source: str
    title: str
    reason: str
    kind: str
    whole: bool
    seen: int
    class_count: int
    splits: dict[str, SplitFound]
    notes: list[str]
    problems: list[str]
    lines: list[str]
    records: list[RecordFound]
    alternatives: list[Alternative]


class PartIn(Input):
    """A file that is to be sent in pieces."""

    filename: Annotated[str, Field(min_length=1, max_length=255)]
    size: Count = Field(description="Its bytes.")
    key: Annotated[str, Field(max_length=500)] = Field(
        "", description="Anything that names the file; the same key and size go on with an unfinished upload."
    )


class PartOut(Output):
    """An unfinished upload: the next piece begins at ``offset``."""

    id: str
    size: int
    offset: int


class OffsetQuery(Input):
    """Where a piece begins."""

    offset: Count


@api.operation("GET", "/datasets/sources", returns=list[SourceOut])
def dataset_sources() -> list[dict[str, Any]]:
    """The formats that datasets are read from."""
    names = ("name", "title", "help", "kind", "files")
    return [{name: getattr(source, name) for name in names} for source in sources]


@api.operation("POST", "/datasets/understand", returns=Understood)
def understand_dataset(body: UnderstandIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """How a folder, list, table, annotation file or archive would be read, before anything is built."""
    return offload(understand, context(), current(), cast(Input, body).model_dump(exclude_unset=True))


@api.operation("POST", "/uploads/parts", returns=PartOut, status=201)
def begin_upload(body: PartIn) -> dict[str, Any]:
    """Begin (or go on with) an upload in pieces: say its name and size."""
    return upload_parts.begin(context(), current(), body.filename, body.size, body.key)


@api.operation("GET", "/uploads/parts/<upload>", returns=PartOut)
def upload_state(upload: str) -> dict[str, Any]:
    """How much of an upload has come."""
    return upload_parts.state(context(), current(), upload)


@api.operation("PATCH", "/uploads/parts/<upload>", returns=PartOut, takes=("application/octet-stream",))
def append_upload(upload: str, query: OffsetQuery) -> dict[str, Any]:
    """Send the next piece as the body, beginning at `offset`; 409 where another offset is due."""
    stream = cast(BinaryIO, request.stream)
    return upload_parts.append(context(), current(), upload, query.offset, stream)


@api.operation("POST", "/uploads/parts/<upload>/finish", returns=Uploaded, status=201)
def finish_upload(upload: str) -> dict[str, Any]:
    """Check and unpack what was sent; answers its path on the server, for the dataset's `folder`."""
    return {"path": upload_parts.finish(context(), current(), upload)}


@api.operation("DELETE", "/uploads/parts/<upload>", status=204)
def cancel_upload(upload: str) -> None:
    """Throw an unfinished upload away."""
    upload_parts.cancel(context(), current(), upload)
