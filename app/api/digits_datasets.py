"""DIGITS's routes for image-classification datasets: make, show, summary, explore."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from app.api import digits_shapes as shapes
from app.api.digits_errors import checked, new_blueprint
from app.api.digits_fields import DATASET_NAMES, dataset_values, flat
from app.api.digits_urls import as_json, twin
from app.auth import current
from app.extensions import context
from app.services import datasets, jobs
from app.services.context import find_job
from jobs.job import Status
from jobs.tables import JobRow

blueprint = new_blueprint("datasets")
PAGE = 25


@twin(blueprint, "/datasets/images/classification", "POST")
def create() -> AnyResponse:
    """Build a dataset from DIGITS's form."""
    values = dataset_values(flat(request.form.items(multi=True)))
    row = checked(lambda: datasets.create(context(), current(), values), DATASET_NAMES)
    if as_json():
        return jsonify(_json(row))
    return redirect(url_for("datasets.show", job_id=row.id))


@blueprint.get("/datasets/<job_id>.json")
def show(job_id: str) -> Response:
    """Everything that DIGITS tells of a dataset."""
    return jsonify(_json(find_job(context(), current(), job_id, "dataset")))


@twin(blueprint, "/datasets/summary", "GET")
def summary() -> AnyResponse:
    """A short description, as a fragment of HTML or as JSON."""
    row = find_job(context(), current(), request.args.get("job_id", ""), "dataset")
    found = _json(row)
    if as_json():
        return jsonify(found)
    options = jobs.describe(context(), row)["options"]
    return Response(render_template("digits/summary.html", job=found, options=options, notes=row.notes))


@blueprint.get("/datasets/images/classification/explore.json")
def explore() -> Response:
    """A page of records (``db``, ``page`` from 1, ``size``, ``label`` a class number)."""
    row = find_job(context(), current(), request.args.get("job_id", ""), "dataset")
    _require_done(row)
    split = request.args.get("db", "train").removesuffix("_db")
    label, page = request.args.get("label", type=int), request.args.get("page", 1, type=int)
    size = request.args.get("size", PAGE, type=int)
    return jsonify(datasets.explore(context(), current(), row, split, label, page, size))


@blueprint.before_app_request
def _explore_page() -> None:
    """The page of the explorer is no browser's business only: a script is told as DIGITS told it (500)."""
    if request.endpoint == "datasets.explore" and "text/html" not in request.headers.get("Accept", ""):
        _require_done(find_job(context(), current(), request.args.get("job_id", ""), "dataset"))


def _require_done(row: JobRow) -> None:
    if row.status != Status.DONE.value:
        raise InternalServerError(f"{row.name} cannot be explored: its status should be Done and is {row.status}.")


def _json(row: JobRow) -> dict[str, Any]:
    """The status is the row's: what it says Done of can be used at once."""
    job = {**jobs.describe(context(), row), "status": row.status}
    return shapes.dataset(job, str(context().store.folder(row.id).path))
