"""DIGITS's routes for jobs of any type: lists, status, rename, abort, delete, group, clone."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from app.api import digits_shapes as shapes
from app.api.digits_errors import checked, new_blueprint
from app.api.digits_urls import DigitsUrls, twin
from app.auth import current
from app.extensions import context, offload
from app.services import deletion, jobs
from app.services.context import find_job
from app.version import VERSION
from data.errors import UserError
from jobs.store import LIVE, Listing

blueprint = new_blueprint("jobs", conflict=403)
ALL = 1_000_000
"""DIGITS's lists are whole; ``limit`` in the query asks for fewer."""
KINDS = "<any(datasets, models, jobs):kind>/<job_id>"
NAMES = {"name": "job_name", "notes": "job_notes", "group": "group_name"}


@blueprint.record_once
def _install(state: Any) -> None:
    """The spellings of JSON addresses are settled before Flask chooses a route."""
    state.app.wsgi_app = DigitsUrls(state.app)


# -- lists -------------------------------------------------------------------------------------------------------


@blueprint.get("/index.json")
def index() -> Response:
    """All datasets and models that may be seen."""
    found, parents = _listed("dataset", "model"), context().store.parents_by_child()
    models = [{**shapes.short(job), "dataset_id": _first(parents, job)} for job in found if job["type"] == "model"]
    return jsonify(
        version=VERSION,
        jobs_dir=str(context().store.root),
        server_name="Foveal",
        datasets=[shapes.short(job) for job in found if job["type"] == "dataset"],
        models=models,
    )


@blueprint.get("/completed_jobs.json")
def completed() -> Response:
    """DIGITS's home page as JSON: live jobs, finished datasets and models with last, least and greatest outputs."""
    parents = context().store.parents_by_child()
    found = [shapes.row(job, _first(parents, job)) for job in _listed("dataset", "model")]
    done = [row for row in found if row["status"] not in LIVE]
    return jsonify(
        running=[row for row in found if row["status"] in LIVE],
        datasets=[row for row in done if row["type"] == "dataset"],
        models=[row for row in done if row["type"] == "model"],
        pretrained_models=[],
        model_output_fields=shapes.output_fields(found),
    )


@blueprint.get("/jobs/<job_id>/table_data.json")
def table_data(job_id: str) -> Response:
    """One row of the table above."""
    row = find_job(context(), current(), job_id)
    return jsonify(job=shapes.row(jobs.brief(row), next(iter(context().store.parents(row.id)), None)))


def _listed(*types: str) -> list[dict[str, Any]]:
    """Newest first; read in a native thread, for there may be ten thousand."""
    ctx, who = context(), current()
    limit = min(max(request.args.get("limit", ALL, type=int), 0), ALL)

    def read() -> list[dict[str, Any]]:
        return [jobs.brief(row) for kind in types for row in ctx.store.list(Listing(type=kind, limit=limit), who)]

    return offload(read)


def _first(parents: dict[str, list[str]], job: dict[str, Any]) -> str | None:
    return next(iter(parents.get(job["id"], ())), None)


# -- one job -----------------------------------------------------------------------------------------------------


@blueprint.get("/jobs/<job_id>")
def show(job_id: str) -> AnyResponse:
    """Go to the job's own page."""
    row = find_job(context(), current(), job_id)
    return redirect(url_for(f"{row.type}s.show", job_id=row.id))


@twin(blueprint, f"/{KINDS}/status", "GET")
def status(kind: str, job_id: str) -> Response:
    """How far a job is; one that is not there (or may not be seen) is no HTTP error, as in DIGITS."""
    row = context().store.get(job_id, current())
    if row is None:
        return jsonify(error="Job not found.")
    return jsonify(error=row.error or None, status=row.status, name=row.name, type=shapes.TYPES[row.type])


@twin(blueprint, "/jobs/<job_id>", "PUT")
def edit(job_id: str) -> Response:
    """Change name (``job_name``) or notes (``job_notes``)."""
    row = find_job(context(), current(), job_id)
    form = request.form
    given = {name: form[field] for name, field in NAMES.items() if field in form}
    if not given:
        raise BadRequest("Give job_name or job_notes.")
    checked(lambda: jobs.edit(context(), current(), row, given), NAMES)
    return _said("Changes saved.")


@twin(blueprint, f"/{KINDS}/abort", "POST")
def abort(kind: str, job_id: str) -> Response:
    """Stop a job that waits or runs."""
    jobs.abort(context(), current(), find_job(context(), current(), job_id))
    return _said("Job aborted.")


@twin(blueprint, f"/{KINDS}", "DELETE")
def delete(kind: str, job_id: str) -> Response:
    """Delete a job; a dataset that models use stays (403)."""
    deletion.delete(context(), current(), find_job(context(), current(), job_id))
    return _said("Job deleted.")


@twin(blueprint, "/clone/<job_id>", "GET", "POST")
def clone(job_id: str) -> AnyResponse:
    """Go to the form of a new job, filled in as this one's was."""
    row = find_job(context(), current(), job_id)
    return redirect(url_for(f"{row.type}s.new", clone=row.id))


# -- many jobs ---------------------------------------------------------------------------------------------------


@twin(blueprint, "/jobs", "DELETE")
def delete_many() -> Response:
    """Delete every job of ``job_ids[]``; models go before the datasets they use."""
    rows = [find_job(context(), current(), job_id) for job_id in _ids()]
    rows.sort(key=lambda row: row.type == "dataset")
    _each(rows, deletion.delete, "deleted")
    return _said("Jobs deleted.")


@twin(blueprint, "/abort_jobs", "POST")
def abort_many() -> Response:
    """Stop every job of ``job_ids[]``."""
    _each([find_job(context(), current(), job_id) for job_id in _ids()], jobs.abort, "aborted")
    return _said("Jobs aborted.")


@twin(blueprint, "/group", "POST")
def group() -> Response:
    """Put every job of ``job_ids[]`` into ``group_name`` (blank: into none)."""
    name = request.form.get("group_name", "")

    def change(ctx: Any, who: Any, row: Any) -> None:
        jobs.edit(ctx, who, row, {"group": name})

    _each([find_job(context(), current(), job_id) for job_id in _ids()], change, "regrouped")
    return _said("Jobs regrouped.")


def _ids() -> list[str]:
    found = request.form.getlist("job_ids[]") or request.args.getlist("job_ids[]")
    if not found:
        raise BadRequest("Give the ids of the jobs as job_ids[].")
    return found


def _each(rows: list[Any], action: Any, done: str) -> None:
    """Do it to all; raise BadRequest counting and giving the reasons of those where it failed."""
    refused = []
    for row in rows:
        try:
            action(context(), current(), row)
        except UserError as error:
            refused.append(str(error))
    if refused:
        raise BadRequest(f"{len(refused)} of {len(rows)} jobs could not be {done}: {' '.join(refused)}")


def _said(text: str) -> Response:
    return Response(text, mimetype="text/plain")
