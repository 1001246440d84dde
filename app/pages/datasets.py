"""Datasets: the form of a new one, its page, and the explorer of its records."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.forms import fields, groups, posted
from app.pages import allowed, choice, number, page_numbers, pages_of, query
from app.services import datasets, jobs
from app.services.context import find_job
from app.services.jobs import Label
from app.services.understand import FIELDS
from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions, UserError
from data.trainable import CLASSIFICATION
from jobs.tables import JobRow

blueprint = Blueprint("datasets", __name__)
SIZES = (25, 50, 100)
CELL = 96
FAILURES = 20
SAMPLE = 16
IMMUTABLE = "private, max-age=31536000, immutable"


@blueprint.get("/datasets/images/classification/new")
def new() -> str:
    """The form, empty (``?source=`` chosen), or filled in as the job ``?clone=`` was."""
    values: dict[str, Any] = {"source": request.args.get("source", "auto")}
    if clone := request.args.get("clone"):
        values = jobs.clone(context(), current(), find_job(context(), current(), clone, "dataset"))
    return _form(values, {})


@blueprint.post("/datasets/new")
def create() -> AnyResponse:
    """Make the dataset, or show the form again with what is wrong beside each field."""
    values = posted(request.form)
    try:
        return redirect(url_for("datasets.show", job_id=datasets.create(context(), current(), values).id), 303)
    except InvalidOptions as error:
        return make_response(_form(values, error.fields), 422)
    except UserError as error:
        return make_response(_form(values, {error.field or "": [str(error)]}), 422)


def _form(values: dict[str, Any], errors: dict[str, list[str]]) -> str:
    made = fields(DatasetOptions, values, errors)
    rest = {name: said for name, said in errors.items() if name not in made and name not in ("name", "group")}
    return render_template(
        "datasets/new.html",
        label=fields(Label, values, errors), fields=made, errors=rest, wrong=sum(map(len, errors.values())),
        groups=[group for group in groups(DatasetOptions, made) if group.title != "Source"],
        source=next(group for group in groups(DatasetOptions, made) if group.title == "Source"),
        reads=FIELDS, limit_mb=context().settings.max_upload_mb,
    )  # fmt: skip


@blueprint.get("/datasets/<job_id>")
def show(job_id: str) -> str:
    """The page of one dataset, while it is built and afterwards."""
    row = find_job(context(), current(), job_id, "dataset")
    job = jobs.describe(context(), row)
    failed = datasets.failures(context(), current(), row, number(request.args.get("failed"), 1, 1, 10**6), FAILURES)
    models = [jobs.brief(child) for child in jobs.related(context(), current(), row)["children"]]
    return render_template(
        "datasets/show.html",
        job=job, may=allowed(current(), row), facts=_facts(job), failed=failed, models=models,
        sample=_sample(row) if job["status"] == "Done" else None,
        failed_pages=pages_of(failed["total"], FAILURES), log=jobs.log(context(), row, 100), numbers=page_numbers,
    )  # fmt: skip


def _sample(row: JobRow) -> dict[str, Any] | None:
    """A few training images with their sprite; None where the files cannot be read (the explorer says why)."""
    try:
        found = datasets.explore(context(), current(), row, "train", None, 1, SAMPLE)
    except UserError:
        return None
    return {**found, "sprite": _sprite(row, found)}


def _facts(job: dict[str, Any]) -> dict[str, Any]:
    """Counts and options as the page's list of details; empty parts are left out by the template."""
    manifest = job["artifacts"].get("dataset") or {}
    splits = manifest.get("splits") or {}
    return {
        "marked": manifest.get("kind", CLASSIFICATION) != CLASSIFICATION,
        "splits": splits,
        "bytes": sum(part.get("bytes", 0) for part in splits.values()) or None,
        "images": sum(part.get("entries", 0) for part in splits.values()) if splits else None,
        "failed": sum((job["artifacts"].get("failed") or {}).values()),
        "classes": job["artifacts"].get("classes") or manifest.get("classes") or [],
    }


@blueprint.get("/datasets/<job_id>/mean.png")
def mean(job_id: str) -> Response:
    """The mean image of the training images."""
    row = find_job(context(), current(), job_id, "dataset")
    path = context().store.folder(row.id).artifacts / "mean.png"
    if not path.exists():
        raise UserError("The mean image is not ready yet.")
    return Response(path.read_bytes(), mimetype="image/png", headers={"Cache-Control": "private, max-age=60"})


# -- the explorer ------------------------------------------------------------------------------------------------


@blueprint.get("/datasets/images/classification/explore")
def explore() -> str:
    """A page of thumbnails; its address (DIGITS's own) restores dataset, split, class and page."""
    row = find_job(context(), current(), request.args.get("job_id", ""), "dataset")
    manifest = datasets.manifest(context(), row)
    split = choice(request.args.get("db"), list(manifest["splits"]), next(iter(manifest["splits"])))
    size = choice(request.args.get("size"), SIZES, SIZES[2])
    label = choice(request.args.get("label"), range(len(manifest["classes"])), None)
    page = number(request.args.get("page"), 1, 1, 10**9)
    found = datasets.explore(context(), current(), row, split, label, page, size)
    state = {"job_id": row.id, "db": split, "page": found["page"], "size": size, "label": label}
    return render_template(
        "datasets/explore.html",
        job=jobs.brief(row), manifest=manifest, found=found, state=state, sizes=SIZES, sprite=_sprite(row, found),
        link=lambda **changes: url_for("datasets.explore") + query(state, **changes),
        numbers=page_numbers(found["page"], found["pages"]),
    )  # fmt: skip


def _sprite(row: JobRow, found: dict[str, Any]) -> dict[str, Any]:
    """One JPEG for all thumbnails of a page, and how many cells it has each way."""
    indices = [record["index"] for record in found["records"]]
    columns = max(1, ceil(sqrt(len(indices))))
    address = url_for("datasets.sprite", job_id=row.id, split=found["split"], at="-".join(map(str, indices)))
    return {"url": address, "columns": columns, "rows": max(1, ceil(len(indices) / columns))}


@blueprint.get("/datasets/<job_id>/sprite/<split>")
def sprite(job_id: str, split: str) -> Response:
    """Thumbnails of the records ``at`` (numbers with "-" between them) as one JPEG, cacheable for ever."""
    row = find_job(context(), current(), job_id, "dataset")
    indices = [int(part) for part in request.args.get("at", "").split("-") if part.isdigit()]
    data = datasets.sprite(context(), current(), row, split, indices, CELL)
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": IMMUTABLE})


@blueprint.get("/datasets/<job_id>/image/<split>/<int:index>")
def image(job_id: str, split: str, index: int) -> Response:
    """A record's picture as it is stored."""
    row = find_job(context(), current(), job_id, "dataset")
    data, mimetype, etag = datasets.image(context(), current(), row, split, index)
    answer = Response(data, mimetype=mimetype, headers={"Cache-Control": IMMUTABLE})
    answer.set_etag(etag)
    return answer


@blueprint.get("/datasets/<job_id>/record/<split>/<int:index>")
def record(job_id: str, split: str, index: int) -> str:
    """The full record, as the explorer's dialog shows it."""
    row = find_job(context(), current(), job_id, "dataset")
    found = datasets.record(context(), current(), row, split, index)
    models = [jobs.brief(child) for child in jobs.related(context(), current(), row)["children"]]
    ready = [model for model in models if model["status"] == "Done"]
    return render_template("datasets/record.html", job=jobs.brief(row), record=found, models=ready[:5])


@blueprint.get("/datasets/<job_id>/records/<split>")
def records(job_id: str, split: str) -> Response:
    """Some records as JSON, for choosing one to classify."""
    row = find_job(context(), current(), job_id, "dataset")
    page = number(request.args.get("page"), 1, 1, 10**9)
    found = datasets.explore(context(), current(), row, split, None, page, 24)
    return jsonify({**found, "sprite": _sprite(row, found)})
