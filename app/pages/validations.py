"""A model's probe images through its training: answers, activations and the confusion matrix of each validation."""

from __future__ import annotations

from math import ceil, sqrt

from flask import Blueprint, Response, jsonify, render_template, url_for

from app.auth import current
from app.extensions import context
from app.services import jobs, validations
from app.services.context import find_job
from jobs.tables import JobRow

blueprint = Blueprint("validations", __name__)
IMMUTABLE = "private, max-age=86400"


@blueprint.get("/models/<job_id>/probe")
def show(job_id: str) -> str:
    """The page; ``#step=`` in its address restores the place of the slider."""
    row = _row(job_id)
    found = validations.overview(context(), current(), row)
    dataset = context().store.get(found["dataset"], current()) if found["dataset"] else None
    return render_template(
        "models/probe.html",
        job=jobs.describe(context(), row),
        found=found,
        dataset=jobs.brief(dataset) if dataset else None,
    )


@blueprint.get("/models/<job_id>/probe.json")
def overview(job_id: str) -> Response:
    """The probes with their thumbnails, and the validations so far."""
    found = validations.overview(context(), current(), _row(job_id))
    numbers = [probe["index"] for probe in found["probes"]]
    columns = max(1, ceil(sqrt(len(numbers))))
    sprite = None
    if numbers and context().store.get(found["dataset"], current()):
        at = "-".join(map(str, numbers))
        address = url_for("explore.sprite", job_id=found["dataset"], split=found["split"], at=at)
        sprite = {"url": address, "columns": columns, "rows": ceil(len(numbers) / columns)}
    return jsonify({**found, "sprite": sprite})


@blueprint.get("/models/<job_id>/probe/<int:step>.json")
def one(job_id: str, step: int) -> Response:
    """One validation."""
    return jsonify(validations.one(context(), current(), _row(job_id), step))


@blueprint.get("/models/<job_id>/probe/<int:step>.png")
def picture(job_id: str, step: int) -> Response:
    """The activations of all probes at one validation."""
    data = validations.picture(context(), current(), _row(job_id), step)
    return Response(data, mimetype="image/png", headers={"Cache-Control": IMMUTABLE})


def _row(job_id: str) -> JobRow:
    return find_job(context(), current(), job_id, "model")
