"""Datasets: the form of a new one, and its page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.forms import fields, groups, posted
from app.pages import allowed, number, page_numbers, pages_of
from app.pages.explore import sprite_of
from app.services import analyses, datasets, jobs, versions
from app.services.context import find_job
from app.services.jobs import Label
from app.services.understand import FIELDS
from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions, UserError
from data.trainable import CLASSIFICATION
from jobs.tables import JobRow

blueprint = Blueprint("datasets", __name__)
FAILURES = 20
SAMPLE = 16


@blueprint.get("/datasets/images/classification/new")
def new() -> str:
    """The form: empty (``?source=`` chosen), filled in as ``?clone=`` was, or for a new version of ``?parent=``."""
    values: dict[str, Any] = {"source": request.args.get("source", "auto")}
    parent = request.args.get("parent", "")
    if clone := parent or request.args.get("clone"):
        values = jobs.clone(context(), current(), find_job(context(), current(), clone, "dataset"))
    return _form({**values, "parent": parent}, {})


@blueprint.post("/datasets/new")
def create() -> AnyResponse:
    """Make the dataset, or show the form again with what is wrong beside each field."""
    values = posted(request.form)
    parent = values.pop("parent", None)
    try:
        before = find_job(context(), current(), parent, "dataset") if parent else None
        return redirect(url_for("datasets.show", job_id=datasets.create(context(), current(), values, before).id), 303)
    except InvalidOptions as error:
        return make_response(_form({**values, "parent": parent}, error.fields), 422)
    except UserError as error:
        return make_response(_form({**values, "parent": parent}, {error.field or "": [str(error)]}), 422)


def _form(values: dict[str, Any], errors: dict[str, list[str]]) -> str:
    made = fields(DatasetOptions, values, errors)
    rest = {name: said for name, said in errors.items() if name not in made and name not in ("name", "group")}
    return render_template(
        "datasets/new.html",
        label=fields(Label, values, errors), fields=made, errors=rest, wrong=sum(map(len, errors.values())),
        groups=[group for group in groups(DatasetOptions, made) if group.title != "Source"],
        source=next(group for group in groups(DatasetOptions, made) if group.title == "Source"),
        reads=FIELDS, parent=values.get("parent"), limit_mb=context().settings.max_upload_mb,
    )  # fmt: skip


@blueprint.get("/datasets/<job_id>")
def show(job_id: str) -> str:
    """The page of one dataset, while it is built and afterwards."""
    row = find_job(context(), current(), job_id, "dataset")
    job = jobs.describe(context(), row)
    failed = datasets.failures(context(), current(), row, number(request.args.get("failed"), 1, 1, 10**6), FAILURES)
    children = [jobs.brief(child) for child in jobs.related(context(), current(), row)["children"]]
    models = [child for child in children if child["type"] == "model"]
    return render_template(
        "datasets/show.html",
        job=job, may=allowed(current(), row), facts=_facts(job), failed=failed, models=models,
        analysis=analyses.describe(context(), current(), row), versions=versions.describe(context(), current(), row),
        sample=_sample(row) if job["status"] == "Done" else None,
        failed_pages=pages_of(failed["total"], FAILURES), log=jobs.log(context(), row, 100), numbers=page_numbers,
    )  # fmt: skip


def _sample(row: JobRow) -> dict[str, Any] | None:
    """A few training images with their sprite; None where the files cannot be read (the explorer says why)."""
    try:
        found = datasets.explore(context(), current(), row, "train", None, 1, SAMPLE)
    except UserError:
        return None
    return {**found, "sprite": sprite_of(row, found)}


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
