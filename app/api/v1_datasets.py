"""/api/v1/datasets and /uploads: making a dataset, and looking into a finished one."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, request

from app.api.endpoint import Api
from app.api.inputs import (
    DatasetIn,
    PageQuery,
    PathQuery,
    RecordsQuery,
    SpriteQuery,
    TypedJobQuery,
    UploadQuery,
    ViewQuery,
)
from app.api.outputs import Created, Failures, FullRecord, Job, JobPage, Marked, PathFound, Records, Uploaded
from app.api.v1_jobs import created, job_page, one
from app.auth import current
from app.extensions import context, offload
from app.services import annotations, datasets, explorer, jobs, uploads
from app.services.suggest import suggest
from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions
from data.index import Query
from data.options import schema

api = Api("datasets")
IMMUTABLE = "private, max-age=31536000, immutable"


@api.operation("GET", "/datasets", returns=JobPage)
def list_datasets(query: TypedJobQuery) -> dict[str, Any]:
    """Datasets that you may see, page by page."""
    return job_page(query, "dataset")


@api.operation("POST", "/datasets", returns=Created, status=201, idempotent=True)
def create_dataset(body: DatasetIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Build a dataset from a folder on the server (or the path that an upload gave)."""
    return created(body, datasets.create, "v1.get_dataset")


@api.operation("GET", "/datasets/options", returns=dict[str, Any])
def dataset_options() -> dict[str, Any]:
    """JSON schema of the options, with titles, help, units and limits."""
    return schema(DatasetOptions)


@api.operation("GET", "/datasets/<job_id>", returns=Job)
def get_dataset(job_id: str) -> dict[str, Any]:
    """Everything about one dataset; counts and classes are in `artifacts`."""
    return jobs.describe(context(), one(job_id, "dataset"))


@api.operation("GET", "/datasets/<job_id>/manifest", returns=dict[str, Any])
def dataset_manifest(job_id: str) -> dict[str, Any]:
    """What a finished dataset is: classes, image size, entries and counts per split."""
    return datasets.manifest(context(), one(job_id, "dataset"))


@api.operation("GET", "/datasets/<job_id>/mean", produces="image/png")
def dataset_mean(job_id: str) -> Response:
    """The mean of the training images."""
    return Response(datasets.mean(context(), current(), one(job_id, "dataset")), mimetype="image/png")


@api.operation("GET", "/datasets/<job_id>/failures", returns=Failures)
def dataset_failures(job_id: str, query: PageQuery) -> dict[str, Any]:
    """Files that could not be read, each with reason and hint."""
    return datasets.failures(context(), current(), one(job_id, "dataset"), query.page, query.size)


@api.operation("GET", "/datasets/<job_id>/splits/<split>/records", returns=Records)
def list_records(job_id: str, split: str, query: RecordsQuery) -> dict[str, Any]:
    """A page of the records of a split: of a class, of a finding, with words in the path, in an order of values."""
    row = one(job_id, "dataset")
    return explorer.explore(context(), current(), row, split, view_query(query), (query.page, query.size))


@api.operation("GET", "/datasets/<job_id>/splits/<split>/records/<int:index>", returns=FullRecord)
def get_record(job_id: str, split: str, index: int) -> dict[str, Any]:
    """One record: its class, the file it was made from, its size, what was measured, and the findings it is in."""
    return explorer.record(context(), current(), one(job_id, "dataset"), split, index)


@api.operation("GET", "/datasets/<job_id>/splits/<split>/records/<int:index>/image", produces="image/*")
def record_image(job_id: str, split: str, index: int) -> Response:
    """A record's picture as it is stored (PNG or JPEG)."""
    data, mimetype, etag = datasets.image(context(), current(), one(job_id, "dataset"), split, index)
    response = Response(data, mimetype=mimetype, headers={"Cache-Control": IMMUTABLE})
    response.set_etag(etag)
    return cast(Response, response.make_conditional(request))


@api.operation("GET", "/datasets/<job_id>/splits/<split>/records/<int:index>/objects", returns=Marked)
def record_objects(job_id: str, split: str, index: int) -> dict[str, Any]:
    """What is marked in a record of a detection or segmentation dataset: boxes, outlines, keypoints, colours."""
    return annotations.marked(context(), current(), one(job_id, "dataset"), split, index)


@api.operation("GET", "/datasets/<job_id>/splits/<split>/records/<int:index>/mask", produces="image/png")
def record_mask(job_id: str, split: str, index: int) -> Response:
    """The mask of a record: a grey PNG whose values are class numbers (255: no class)."""
    data, etag = annotations.mask(context(), current(), one(job_id, "dataset"), split, index)
    response = Response(data, mimetype="image/png", headers={"Cache-Control": IMMUTABLE})
    response.set_etag(etag)
    return cast(Response, response.make_conditional(request))


@api.operation("GET", "/datasets/<job_id>/splits/<split>/sprite", produces="image/jpeg")
def record_sprite(job_id: str, split: str, query: SpriteQuery) -> Response:
    """Thumbnails of many records as one JPEG: ceil(sqrt(n)) in a row."""
    numbers = [int(number) for number in query.indices.split(",")]
    data = datasets.sprite(context(), current(), one(job_id, "dataset"), split, numbers, query.cell)
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": IMMUTABLE})


@api.operation("GET", "/paths", returns=list[PathFound])
def list_paths(query: PathQuery) -> list[dict[str, Any]]:
    """How a path on the server goes on, inside the folders that your jobs may read."""
    return offload(suggest, context(), current(), query.text, query.files)


@api.operation(
    "POST", "/uploads", returns=Uploaded, status=201, takes=("application/octet-stream", "multipart/form-data")
)
def upload(query: UploadQuery) -> dict[str, Any]:
    """Send a zip or tar of images: as the body itself, or as the file `file` of a form. Answers its path here."""
    if request.mimetype == "multipart/form-data":
        given = request.files.get("file")
        stream, name = (given.stream, given.filename or "") if given else (request.stream, "")
    else:
        stream, name = request.stream, query.filename
    return {"path": uploads.receive(context(), current(), cast(BinaryIO, stream), name)}


def view_query(query: ViewQuery) -> Query:
    """What the parameters of a request mean to the index."""
    area = explorer.area_of(query.area) if query.area else ()
    if query.area and not area:
        raise InvalidOptions({"area": ["An area has at least three corners: x1,y1,x2,y2,x3,y3."]})
    return Query(cls=query.cls, text=query.text, finding=query.finding, sort=query.sort, area=area)
