"""DIGITS's routes for image-classification datasets: make, show, summary, explore."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from app.api import digits_generic_shapes as generic
from app.api import digits_shapes as shapes
from app.api.digits_errors import checked, new_blueprint
from app.api.digits_fields import dataset_names, dataset_values, flat
from app.api.digits_urls import as_json, twin
from app.auth import current
from app.extensions import context
from app.services import datasets, jobs, uploads
from app.services.context import find_job
from data.sources import CLASSIFICATION, sources
from jobs.job import Status
from jobs.tables import JobRow

blueprint = new_blueprint("datasets")
PAGE = 25


@twin(blueprint, "/datasets/images/classification", "POST")
def create() -> AnyResponse:
    """Build a dataset from DIGITS's form."""
    form = flat(request.form.items(multi=True))
    values = dataset_values(form, _uploaded())
    row = checked(lambda: datasets.create(context(), current(), values), dataset_names(form))
    if as_json():
        return jsonify(dataset_json(row))
    return redirect(url_for("datasets.show", job_id=row.id))


def _uploaded() -> dict[str, str]:
    """Text files sent with the form are kept on the server: their paths by field."""
    kept = {}
    for name, file in request.files.items():
        if name.startswith("textfile_") and file.filename:
            title = file.filename if file.filename.lower().endswith(".txt") else f"{name}.txt"
            kept[name] = uploads.receive(context(), current(), file.stream, title)
    return kept


@blueprint.get("/datasets/<job_id>.json")
def show(job_id: str) -> Response:
    """Everything that DIGITS tells of a dataset."""
    return jsonify(dataset_json(find_job(context(), current(), job_id, "dataset")))


@twin(blueprint, "/datasets/summary", "GET")
def summary() -> AnyResponse:
    """A short description, as a fragment of HTML or as JSON."""
    row = find_job(context(), current(), request.args.get("job_id", ""), "dataset")
    found = dataset_json(row)
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
    if request.endpoint == "explore.show" and "text/html" not in request.headers.get("Accept", ""):
        _require_done(find_job(context(), current(), request.args.get("job_id", ""), "dataset"))


def _require_done(row: JobRow) -> None:
    if row.status != Status.DONE.value:
        raise InternalServerError(f"{row.name} cannot be explored: its status should be Done and is {row.status}.")


def dataset_json(row: JobRow) -> dict[str, Any]:
    """The status is the row's: what it says Done of can be used at once."""
    job = {**jobs.describe(context(), row), "status": row.status}
    directory = str(context().store.folder(row.id).path)
    kind = (job["artifacts"].get("dataset") or {}).get("kind") or kind_asked(job["options"])
    return shapes.dataset(job, directory) if kind == CLASSIFICATION else generic.dataset(job, directory)


def kind_asked(options: dict[str, Any]) -> str:
    """The kind that a dataset's options ask for; classification while "auto" has not found another."""
    name = options.get("source") or ""
    return (sources[name].kind if name in sources else "") or CLASSIFICATION
