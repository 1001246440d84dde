"""Evaluations: the form of a new one, its page with matrix, curves and images, and two of them side by side."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.forms import fields, posted
from app.pages import allowed, number
from app.pages.atlases import COLUMNS, strip_of
from app.services import evaluation_export, evaluation_images, evaluations, jobs, pairs
from app.services.agreement import agreement
from app.services.context import find_job
from app.services.evaluations import TYPE, WORDS
from app.services.jobs import Label
from data.errors import InvalidOptions
from jobs.store import Listing
from jobs.tables import JobRow
from models.evaluation.options import EvaluationOptions

blueprint = Blueprint("evaluations", __name__)
CELL = 96
PAGE = 36
FAILURES = 50
CHOICES = 200


@blueprint.get("/evaluations/new")
def new() -> str:
    """The form, for ``?model=`` or filled in as the evaluation ``?clone=`` was."""
    values: dict[str, Any] = {}
    if clone := request.args.get("clone"):
        values = jobs.clone(context(), current(), find_job(context(), current(), clone, TYPE))
    if request.args.get("model"):
        values["model"] = request.args["model"]
    return _form(values, {})


@blueprint.post("/evaluations/new")
def create() -> AnyResponse:
    """Start the evaluation, or show the form again with what is wrong beside each field."""
    values = posted(request.form)
    try:
        row = evaluations.create(context(), current(), values)
        return redirect(url_for("evaluations.show", job_id=row.id), 303)
    except InvalidOptions as error:
        return make_response(_form(values, error.fields), 422)


def _form(values: dict[str, Any], errors: dict[str, list[str]]) -> str:
    made = fields(EvaluationOptions, values, errors)
    rest = {name: said for name, said in errors.items() if name not in made and name not in ("name", "group")}
    model = find_job(context(), current(), made["model"].text, "model")
    ready, _ = jobs.list_jobs(context(), current(), Listing(type="dataset", statuses=("Done",), limit=CHOICES))
    return render_template(
        "evaluations/new.html",
        model=jobs.brief(model), label=fields(Label, values, errors), fields=made, errors=rest,
        wrong=sum(map(len, errors.values())),
        limit_mb=context().settings.max_upload_mb,
        datasets=[jobs.brief(row) for row in ready], checkpoints=context().states.get(model.id).checkpoints,
    )  # fmt: skip


@blueprint.get("/evaluations/<job_id>")
def show(job_id: str) -> str:
    """The page of one evaluation, while it runs and afterwards."""
    row = _row(job_id)
    job = jobs.describe(context(), row)
    known = job["artifacts"].get("evaluation")
    done = job["status"] == "Done"
    report = evaluations.report(context(), current(), row) if done else None
    names = {parent.id: parent for parent in jobs.related(context(), current(), row)["parents"]}
    model = names.get(job["options"].get("model", ""))
    dataset = context().store.get(known["dataset"], current()) if known and known["dataset"] else None
    return render_template(
        "evaluations/show.html",
        job=job, may=allowed(current(), row), about=known, report=report, model=jobs.brief(model) if model else None,
        dataset=jobs.brief(dataset) if dataset else None, words=WORDS, log=jobs.log(context(), row, 100),
        failed=evaluations.failures(context(), current(), row, 1, FAILURES) if known else {"total": 0, "failures": []},
        others=evaluations.comparable(context(), current(), row) if done else [],
        twins=agreement(context(), current(), row) if done else None,
    )  # fmt: skip


@blueprint.get("/evaluations/<job_id>/compare/<other>")
def compare(job_id: str, other: str) -> str:
    """Two evaluations of the same images: what the second mends and breaks of the first."""
    before, now = _row(job_id), _row(other)
    return render_template(
        "evaluations/compare.html",
        before=jobs.brief(before), now=jobs.brief(now), about=evaluations.about(context(), now),
        found=evaluations.comparison(context(), current(), before, now),
    )  # fmt: skip


@blueprint.get("/evaluations/<job_id>/pair/<int:one>/<int:other>")
def pair(job_id: str, one: int, other: int) -> str:
    """Two classes: the images in between, and the units of a layer (``?layer=``) that tell them apart."""
    row = _row(job_id)
    found = pairs.pair(context(), current(), row, one, other)
    units = pairs.units(context(), current(), row, (one, other), request.args.get("layer", type=int))
    groups = _groups(found["names"], units["units"]) if units else []
    job = jobs.describe(context(), row)
    model = context().store.get(str(job["options"].get("model")), current())
    strip = strip_of(units["row"], units["layer"], [unit["unit"] for unit in units["units"]]) if units else None
    return render_template(
        "evaluations/pair.html",
        job=job, about=evaluations.about(context(), row), found=found, units=units, strip=strip, columns=COLUMNS,
        groups=groups, model=model.id if model else None,
    )  # fmt: skip


def _groups(names: list[str], units: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The units by the class that they are higher for, each with its place in the strip and its words."""
    groups: list[dict[str, Any]] = [{"name": name, "units": []} for name in names]
    for place, unit in enumerate(units):
        side = int(unit["means"][1] > unit["means"][0])
        groups[side]["units"].append({**unit, "place": place, "words": " · ".join(_words(unit, side))})
    return groups


def _words(unit: dict[str, Any], side: int) -> list[str]:
    """How far a unit parts two classes, as its tile says it."""
    apart = "no overlap" if unit["dprime"] is None else f"d′ {abs(unit['dprime']):.1f}"
    share = unit["auroc"]
    return [apart, *([] if share is None else [f"AUROC {1 - share if side else share:.2f}"])]


@blueprint.post("/evaluations/<job_id>/resume")
def resume(job_id: str) -> Response:
    """Go on after the last batch that is on disk."""
    evaluations.resume(context(), current(), _row(job_id))
    return jsonify(said="The evaluation goes on.")


# -- what the page's scripts ask for -----------------------------------------------------------------------------


@blueprint.get("/evaluations/<job_id>/cells")
def cells(job_id: str) -> Response:
    """The cells of the matrix that are not empty: little-endian int32 (row, column, count)."""
    return Response(evaluations.cells(context(), current(), _row(job_id)), mimetype="application/octet-stream")


@blueprint.get("/evaluations/<job_id>/confusion.csv")
def matrix_csv(job_id: str) -> Response:
    """The confusion matrix as a table."""
    answer = Response(evaluations.matrix_csv(context(), current(), _row(job_id)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"confusion-{job_id}.csv")
    return answer


@blueprint.get("/evaluations/<job_id>/answers.<any(csv, jsonl, parquet):filetype>")
def answers(job_id: str, filetype: str) -> Response:
    """Every image with its answers."""
    name, mimetype, pieces = evaluation_export.export(context(), current(), _row(job_id), filetype)
    answer = Response(pieces, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.get("/evaluations/<job_id>/curve/<int:number>")
def curve(job_id: str, number: int) -> Response:
    """The thresholds of one class, with hits and false alarms at each."""
    return jsonify(evaluations.curve(context(), current(), _row(job_id), number))


@blueprint.get("/evaluations/<job_id>/images")
def images(job_id: str) -> Response:
    """One page of images with their sprite; with ``before`` and ``kind``, what was fixed, broken or flipped."""
    row, page = _row(job_id), number(request.args.get("page"), 1, 1, 10**9)
    wanted = evaluations.wanted(request.args)
    if numbers := evaluations.two_numbers(request.args.get("between", "")):
        found = pairs.images(context(), current(), row, numbers, show=wanted.show, page=page, size=PAGE)
    elif before := request.args.get("before"):
        kind = request.args.get("kind", "fixed")
        found = evaluations.compared_images(
            context(), current(), (_row(before), row), kind, wanted, page=page, size=PAGE
        )
    else:
        found = evaluations.images(context(), current(), row, wanted, page=page, size=PAGE)
    return jsonify({**found, "sprite": _sprite(row, found["records"])})


def _sprite(row: JobRow, records: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not records:
        return None
    columns = ceil(sqrt(len(records)))
    address = url_for("evaluations.sprite", job_id=row.id, at="-".join(str(record["index"]) for record in records))
    return {"url": address, "columns": columns, "rows": ceil(len(records) / columns)}


@blueprint.get("/evaluations/<job_id>/sprite")
def sprite(job_id: str) -> Response:
    """Thumbnails of the images ``at`` (numbers with "-" between them) as one JPEG."""
    numbers = [int(part) for part in request.args.get("at", "").split("-") if part.isdigit()]
    data = evaluation_images.sprite(context(), current(), _row(job_id), numbers, CELL)
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


@blueprint.get("/evaluations/<job_id>/picture/<int:number>")
def picture(job_id: str, number: int) -> Response:
    """One image."""
    data, mimetype = evaluation_images.picture(context(), current(), _row(job_id), number)
    return Response(data, mimetype=mimetype, headers={"Cache-Control": "private, max-age=86400"})


@blueprint.get("/evaluations/<job_id>/record/<int:number>")
def record(job_id: str, number: int) -> str:
    """One image with its answers: a page, or with ``?part=1`` what the dialog shows."""
    row = _row(job_id)
    found = evaluation_images.record(context(), current(), row, number)
    model = jobs.describe(context(), row)["options"].get("model")
    template = "evaluations/record.html" if request.args.get("part") else "evaluations/record_page.html"
    return render_template(template, job=jobs.brief(row), record=found, model=model)


def _row(job_id: str) -> JobRow:
    return find_job(context(), current(), job_id, TYPE)
