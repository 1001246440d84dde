"""What the pages of datasets and models share: actions on a job, its curves, its log, related jobs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context, offload
from app.forms import posted
from app.pages import number
from app.services import deletion, jobs
from app.services.context import Context, NotFound, find_job
from app.services.event_archive import event_archive
from jobs.tables import JobRow

blueprint = Blueprint("jobs", __name__)
WIDTH = 1000


def page_of(row: JobRow) -> str:
    """The address of a job's page."""
    if row.type == "network":
        return url_for("networks.show", name=row.id)
    pages = {"dataset": "datasets.show", "analysis": "analyses.show"}
    pages |= {"evaluation": "evaluations.show", "atlas": "atlases.show", "sweep": "sweeps.show"}
    return url_for(pages.get(row.type, "models.show"), job_id=row.id)


@blueprint.post("/jobs/<job_id>/do/edit")
def edit(job_id: str) -> Response:
    """Change name, notes, group or visibility."""
    row = find_job(context(), current(), job_id)
    jobs.edit(context(), current(), row, posted(request.form))
    return jsonify(jobs.brief(find_job(context(), current(), job_id)))


@blueprint.post("/jobs/<job_id>/do/abort")
def abort(job_id: str) -> Response:
    """Ask for a job to be stopped."""
    jobs.abort(context(), current(), find_job(context(), current(), job_id))
    return jsonify(said="The job is being stopped.")


@blueprint.post("/jobs/<job_id>/do/delete")
def delete(job_id: str) -> Response:
    """Ask for a job to be deleted, with ``along`` also what was made of it; the answer says where to go then."""
    row = find_job(context(), current(), job_id)
    deletion.delete(context(), current(), row, along=bool(request.form.get("along")))
    return jsonify(said="The job is being deleted.", next=url_for("home.index"))


@blueprint.get("/jobs/ask/deletion")
def deletion_question() -> Response:
    """What to ask before the jobs ``ids`` are deleted: a title, a sentence, and what goes with them."""
    rows = [row for job_id in request.args.getlist("ids")[:1000] if (row := context().store.get(job_id, current()))]
    if not rows:
        raise NotFound("There is no such job.")
    return jsonify(deletion.question(context(), current(), rows))


@blueprint.get("/jobs/<job_id>/do/clone")
def clone(job_id: str) -> AnyResponse:
    """The form of a new job, filled in as this one's was."""
    row = find_job(context(), current(), job_id)
    if row.type == "network":
        return redirect(url_for("networks.new", **{"from": row.id}))
    if row.type == "analysis":
        return redirect(page_of(row))
    if row.type == "sweep":
        return redirect(url_for("models.new", sweep=row.id))
    if row.type == "atlas":
        return redirect(url_for("atlases.of_model", job_id=jobs.job_of(context(), row).options["model"], new=1))
    forms = {"dataset": "datasets.new", "evaluation": "evaluations.new"}
    return redirect(url_for(forms.get(row.type, "models.new"), clone=row.id))


@blueprint.get("/jobs/<job_id>/do/curves")
def curves(job_id: str) -> Response:
    """All curves of a job (``name``: only those) between two steps, thinned to the width of the screen."""
    row = find_job(context(), current(), job_id)
    names = request.args.getlist("name") or list(jobs.describe(context(), row)["curves"])
    first, last = (request.args.get(key, type=int) for key in ("first", "last"))
    width = number(request.args.get("width"), WIDTH, 50, 4000)
    smooth = min(0.99, max(0.0, request.args.get("smooth", 0.0, type=float)))
    return jsonify(offload(_read, context(), row, names, (first, last), width, smooth))


def _read(
    ctx: Context, row: JobRow, names: list[str], window: tuple[int | None, int | None], width: int, smooth: float
) -> dict[str, Any]:
    return {name: jobs.series(ctx, row, name, *window, width, smooth) for name in names}


@blueprint.get("/jobs/<job_id>/do/curves.csv")
def curves_csv(job_id: str) -> Response:
    """Every point of all curves (``name``: only those) as CSV: curve, step, wall (Unix seconds), value."""
    row = find_job(context(), current(), job_id)
    names = request.args.getlist("name") or sorted(jobs.curve_counts(context(), row))
    answer = Response(jobs.csv(context(), row, names), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{row.id}-curves.csv")
    return answer


@blueprint.get("/jobs/<job_id>/do/tensorboard.zip")
def event_files(job_id: str) -> Response:
    """A run's TensorBoard event files."""
    name, pieces = event_archive(context(), current(), find_job(context(), current(), job_id))
    answer = Response(pieces, mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.get("/jobs/<job_id>/do/log")
def log(job_id: str) -> Response:
    """The last lines that the worker printed."""
    row = find_job(context(), current(), job_id)
    text = jobs.log(context(), row, number(request.args.get("lines"), 200, 1, 5000))
    return Response(text, mimetype="text/plain", headers={"Cache-Control": "no-store"})
