"""The learning diary of a model: galleries of its training images, the data map, a cleaned version of the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.pages import choice, number, page_numbers, query
from app.pages.explore import SIZES, sprite_of
from app.services import diaries, downloads, jobs
from app.services.context import find_job, require
from app.services.diaries import SPLIT, Wanted
from data.index import Query
from jobs.permissions import can
from jobs.tables import JobRow
from models.diary.views import SORTS, VIEWS

blueprint = Blueprint("diaries", __name__)


@blueprint.get("/models/<job_id>/diary")
def show(job_id: str) -> str:
    """A gallery; its address restores what is shown. Before there is a diary: why there is none."""
    row = _row(job_id)
    job = jobs.describe(context(), row)
    if diaries.find(context(), row) is None:
        return render_template("models/diary_none.html", job=job)
    about = diaries.overview(context(), current(), row)
    state = _state(request.args, len(about["classes"]))
    found = diaries.images(context(), current(), row, _wanted(state), page=state["page"], size=state["size"])
    state["page"] = found["page"]
    dataset = find_job(context(), current(), about["dataset"], "dataset")
    template = "models/diary_page.html" if request.args.get("part") else "models/diary.html"
    return render_template(
        template,
        job=job, about=about, found=found, state=state, dataset=jobs.brief(dataset), sizes=SIZES, sorts=SORTS,
        view=next(view for view in about["views"] if view["name"] == state["show"]),
        sprite=sprite_of(dataset, {**found, "split": SPLIT}), may_create=can(current(), "create"),
        link=lambda **changes: url_for("diaries.show", job_id=row.id) + query(state, **changes),
        numbers=page_numbers(found["page"], found["pages"]),
    )  # fmt: skip


@blueprint.get("/models/<job_id>/diary/map")
def map_of(job_id: str) -> str:
    """The data map: confidence over variability."""
    row = _row(job_id)
    if diaries.find(context(), row) is None:
        return render_template("models/diary_none.html", job=jobs.describe(context(), row))
    about = diaries.overview(context(), current(), row)
    dataset = find_job(context(), current(), about["dataset"], "dataset")
    job = jobs.describe(context(), row)
    return render_template("models/diary_map.html", job=job, about=about, dataset=jobs.brief(dataset))


@blueprint.get("/models/<job_id>/diary/map.json")
def places(job_id: str) -> Response:
    """The points of the map."""
    return jsonify(diaries.places(context(), current(), _row(job_id)))


@blueprint.get("/models/<job_id>/diary/record/<int:index>")
def record(job_id: str, index: int) -> str:
    """One training image's way through the training, as a part for the dialog or as a page."""
    row = _row(job_id)
    about = diaries.overview(context(), current(), row)
    found = diaries.image(context(), current(), row, index)
    dataset = find_job(context(), current(), about["dataset"], "dataset")
    template = "models/diary_record.html" if request.args.get("part") else "models/diary_record_page.html"
    return render_template(template, job=jobs.brief(row), record=found, dataset=jobs.brief(dataset), about=about)


@blueprint.get("/models/<job_id>/diary.csv")
def table(job_id: str) -> Response:
    """Every training image with its figures."""
    answer = Response(diaries.table(context(), current(), _row(job_id)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"diary-{job_id}.csv")
    return answer


@blueprint.route("/models/<job_id>/diary/download/<any(train):split>", methods=["GET", "POST"])
def download(job_id: str, split: str) -> Response:
    """The images of a gallery, or those chosen in it (``at``), as a zip with a table of them."""
    row = _row(job_id)
    found = diaries.opened(context(), current(), row)
    wanted = _meant(request.values, len(found.dataset.classes))
    numbers = diaries.chosen(found, wanted).tolist() if isinstance(wanted, Wanted) else wanted
    asked = Query(chosen=tuple(numbers))
    filename, mimetype, pieces = downloads.selection(context(), current(), found.dataset_row, split, asked)
    answer = Response(pieces, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer


@blueprint.post("/models/<job_id>/diary/version")
def version(job_id: str) -> AnyResponse:
    """Build a new version of the dataset without a gallery's images, or without those chosen in it (``at``)."""
    row = _row(job_id)
    require(current(), "create")
    classes = len(diaries.overview(context(), current(), row)["classes"])
    values = {"name": request.form.get("name", "").strip() or None}
    made = diaries.new_version(context(), current(), row, _meant(request.form, classes), values)
    return redirect(url_for("datasets.show", job_id=made.id), 303)


def _row(job_id: str) -> JobRow:
    return find_job(context(), current(), job_id, "model")


def _state(args: Mapping[str, str], classes: int) -> dict[str, Any]:
    """What the address asks for, as far as it makes sense."""
    return {
        "show": choice(args.get("show"), list(VIEWS), "suspicious"),
        "label": choice(args.get("label"), range(classes), None),
        "sort": choice(args.get("sort"), [sign + name for name in SORTS for sign in ("", "-")], None),
        "page": number(args.get("page"), 1, 1, 10**9),
        "size": choice(args.get("size"), SIZES, 100),
    }


def _wanted(state: Mapping[str, Any]) -> Wanted:
    return Wanted(state["show"], state["label"], state["sort"] or "")


def _meant(args: Mapping[str, str], classes: int) -> Wanted | list[int]:
    """The records chosen by hand (numbers with "-" between them), or the whole gallery."""
    if at := args.get("at"):
        return [int(part) for part in at.split("-") if part.isdigit()]
    return _wanted(_state(args, classes))
