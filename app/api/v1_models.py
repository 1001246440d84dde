"""/api/v1/models and /networks: the library, making a model, its checkpoints, and classifying images."""

from __future__ import annotations

import base64
from typing import Any, cast

from flask import Response, request

from app.api.endpoint import FIELDS, Api, Input
from app.api.inputs import ArchiveQuery, ClassifyIn, ClassifyQuery, ModelIn, TypedJobQuery
from app.api.outputs import Checked, Classified, Created, Job, JobPage, Network, Preset
from app.api.v1_jobs import created, job_page, one
from app.auth import current
from app.extensions import context
from app.services import jobs, models
from app.services.archives import checkpoint_archive
from data.options import schema
from models.train_options import TrainOptions

api = Api("models")


@api.operation("GET", "/networks", returns=list[Network])
def list_networks() -> list[dict[str, Any]]:
    """The library of networks, each with its source."""
    return models.networks(context())


@api.operation("GET", "/networks/<name>", returns=Network)
def get_network(name: str) -> dict[str, Any]:
    """One network of the library."""
    return models.network(context(), name)


@api.operation("GET", "/models", returns=JobPage)
def list_models(query: TypedJobQuery) -> dict[str, Any]:
    """Models that you may see, page by page."""
    return job_page(query, "model")


@api.operation("POST", "/models", returns=Created, status=201, idempotent=True)
def create_model(body: ModelIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Train a network on a dataset. A network that the image size does not fit is refused at once."""
    return created(body, models.create, "v1.get_model")


@api.operation("GET", "/models/options", returns=dict[str, Any])
def model_options() -> dict[str, Any]:
    """JSON schema of the options, with titles, help, units and limits."""
    return schema(TrainOptions)


@api.operation("GET", "/models/presets", returns=list[Preset])
def model_presets() -> list[dict[str, Any]]:
    """Whole recipes that are known to work; name one as `preset` when you make a model."""
    return models.presets()


@api.operation("POST", "/models/check", returns=Checked)
def check_model(body: ModelIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """What such a model's network would be (parameters, output shape, layers), without making anything."""
    return models.check(context(), current(), cast(Input, body).model_dump(exclude_unset=True))


@api.operation("GET", "/models/<job_id>", returns=Job)
def get_model(job_id: str) -> dict[str, Any]:
    """Everything about one model."""
    return jobs.describe(context(), one(job_id, "model"))


@api.operation("GET", "/models/<job_id>/source", produces="text/plain")
def model_source(job_id: str) -> Response:
    """The Python source that is trained."""
    return Response(models.source(context(), one(job_id, "model")), mimetype="text/plain")


@api.operation("GET", "/models/<job_id>/checkpoints", returns=list[dict[str, Any]])
def list_checkpoints(job_id: str) -> list[dict[str, Any]]:
    """Its checkpoints, oldest first."""
    return cast(list[dict[str, Any]], jobs.describe(context(), one(job_id, "model"))["checkpoints"])


@api.operation("GET", "/models/<job_id>/checkpoints/<name>/archive", produces="application/octet-stream")
def download_checkpoint(job_id: str, name: str, query: ArchiveQuery) -> Response:
    """A checkpoint with all that is needed to use it elsewhere; `last` is the newest one."""
    wanted = None if name == "last" else name
    row = one(job_id, "model")
    filename, _, content = checkpoint_archive(context(), current(), row, wanted, query.format)
    response = Response(content, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


@api.operation(
    "POST",
    "/models/<job_id>/classify",
    returns=Classified,
    takes=("application/json", "multipart/form-data", "image/*", "application/octet-stream"),
)
def classify(job_id: str, query: ClassifyQuery, body: ClassifyIn) -> dict[str, Any]:
    """The most likely classes of an image: a server path, a record of the dataset, or files sent as `image`.

    The quickest way is the image file itself as the body, with its media type. Of several images those that cannot be
    read are named in `errors`; the others are answered.
    """
    asked = body.model_copy(update=query.model_dump(exclude_none=True))
    images = _sent_images()
    answer = models.classify(
        context(),
        current(),
        one(job_id, "model"),
        images,
        paths=[asked.path] if asked.path else [],
        record=(asked.record.split, asked.record.index) if asked.record else None,
        checkpoint=asked.checkpoint,
        top=asked.top,
        inputs=asked.inputs,
        tolerant=len(images) > 1,
    )
    seen = [base64.b64encode(picture).decode() for picture in answer["inputs"]] if asked.inputs else None
    return {**answer, "inputs": seen}


def _sent_images() -> list[bytes]:
    """The images in the request's body: the body itself, or its files called "image"."""
    if request.mimetype not in ("", *FIELDS) and not request.is_json:
        return [request.get_data(cache=False)]
    return [file.read() for file in request.files.getlist("image")]
