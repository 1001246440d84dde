"""The atlas of units: a layer's units with their top images, one unit in full, and the units that vote for a class."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.forms import posted
from app.pages import allowed, choice, number, page_numbers, query
from app.services import atlases, jobs
from app.services.atlases import TYPE
from app.services.context import find_job
from jobs.permissions import can
from jobs.tables import JobRow
from models.atlas.layer import SORTS

blueprint = Blueprint("atlases", __name__)
PAGE = 30
COLUMNS = 4
WORDS = {
    "number": "By number", "strongest": "Strongest first", "selective": "Most selective first",
    "sparse": "Seldom active first", "similar": "Look-alikes side by side", "dead": "Never active first",
}  # fmt: skip


@blueprint.get("/models/<job_id>/atlas")
def of_model(job_id: str) -> AnyResponse | str:
    """The newest finished atlas of a model (at ``?layer=`` and ``?unit=``), or the offer to build one (``?new=1``)."""
    model = find_job(context(), current(), job_id, "model")
    done = atlases.newest(context(), current(), model)
    if done is None or request.args.get("new"):
        found, may = atlases.of_model(context(), current(), model), can(current(), "create")
        many = len(context().states.get(model.id).checkpoints) > 1
        return render_template("atlases/none.html", model=jobs.brief(model), atlases=found, may=may, many=many)
    layer, unit, index = request.args.get("layer"), request.args.get("unit", ""), None
    if layer:
        index = atlases.find_layer(done, atlases.about(context(), current(), done), layer)
    if index is not None and unit.isdigit():
        return redirect(url_for("atlases.unit", job_id=done.id, index=index, number=int(unit)))
    return redirect(url_for("atlases.show", job_id=done.id, layer=index))


@blueprint.post("/atlases/new")
def create() -> Response:
    """Build an atlas of a model."""
    row = atlases.create(context(), current(), posted(request.form))
    return redirect(url_for("atlases.show", job_id=row.id), 303)  # type: ignore[return-value]


@blueprint.get("/atlases/<job_id>")
def show(job_id: str) -> str:
    """The units of one layer, page by page; while it is built, how far it is."""
    row = row_of(job_id)
    job = jobs.describe(context(), row)
    if not atlases.finished(context(), row):
        return render_template(
            "atlases/building.html",
            job=job,
            may=allowed(current(), row),
            log=jobs.log(context(), row, 100),
            model=model_of(job),
        )
    atlas = atlases.about(context(), current(), row)
    last = len(atlas["layers"]) - 1
    index = number(request.args.get("layer"), last, 0, last)
    sort = choice(request.args.get("sort"), SORTS, "number")
    cls = choice(request.args.get("class"), range(len(atlas["classes"])), None)
    page = number(request.args.get("page"), 1, 1, 10**6)
    found = atlases.units(context(), current(), row, index, sort=sort, cls=cls, page=page, size=PAGE)
    state = {"layer": index, "sort": sort if sort != "number" else None, "class": cls}
    return render_template(
        "atlases/show.html",
        job=job, atlas=atlas, layer=atlas["layers"][index], found=found, words=WORDS, sort=sort, cls=cls,
        columns=COLUMNS,
        model=model_of(job), numbers=page_numbers(found["page"], found["pages"]),
        link=lambda **changes: url_for("atlases.show", job_id=row.id) + query(state, **changes),
        strip=strip_of(row, index, [one["unit"] for one in found["units"]]),
    )  # fmt: skip


@blueprint.get("/atlases/<job_id>/layers/<int:index>/units/<int:number>")
def unit(job_id: str, index: int, number: int) -> str:
    """One unit: the images at the top, at the bottom and between, its classes, and units like it."""
    row = row_of(job_id)
    job, atlas = jobs.describe(context(), row), atlases.about(context(), current(), row)
    found = atlases.unit(context(), current(), row, index, number)
    layer, most = atlas["layers"][index], 12
    profile = sorted(enumerate(found["profile"]), key=lambda pair: -pair[1])[:most]
    inside = None
    if "units.unit" in current_app.view_functions:
        inside = url_for("units.unit", job_id=atlas["model"], layer=layer["name"], unit=number)
    return render_template(
        "atlases/unit.html",
        job=job, atlas=atlas, layer=layer, unit=found, profile=profile, inside=inside, model=model_of(job),
        reach=max([abs(value) for _, value in profile] or [1.0]) or 1.0,
        strip=strip_of(row, index, [one["unit"] for one in found["alike"]]), columns=COLUMNS,
    )  # fmt: skip


@blueprint.get("/atlases/<job_id>/classes/<int:number>")
def voters(job_id: str, number: int) -> str:
    """The units of each layer that a class excites most."""
    row = row_of(job_id)
    job, atlas = jobs.describe(context(), row), atlases.about(context(), current(), row)
    found = atlases.voters(context(), current(), row, number)
    for layer in found:
        layer["strip"] = strip_of(row, layer["layer"], [one["unit"] for one in layer["units"]])
    return render_template(
        "atlases/voters.html", job=job, atlas=atlas, cls=number, layers=found, columns=COLUMNS, model=model_of(job)
    )


@blueprint.get("/atlases/<job_id>/layers/<int:index>/strip")
def strip(job_id: str, index: int) -> Response:
    """What the units ``at`` (numbers with "-" between them) look at in their top images: one row each, as JPEG."""
    numbers = [int(part) for part in request.args.get("at", "").split("-") if part.isdigit()]
    data = atlases.sheet(context(), current(), row_of(job_id), index, numbers, COLUMNS)
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


@blueprint.get("/atlases/<job_id>/layers/<int:index>/units/<int:number>/figures")
def figures(job_id: str, index: int, number: int) -> Response:
    """The same as JSON, for other pages that show the unit."""
    row = row_of(job_id)
    found = atlases.unit(context(), current(), row, index, number)
    return jsonify({**found, "strip": strip_of(row, index, [number])})


def strip_of(row: JobRow, index: int, numbers: list[int]) -> dict[str, Any] | None:
    """Where the strip of these units of a layer is, None for no units."""
    if not numbers:
        return None
    address = url_for("atlases.strip", job_id=row.id, index=index, at="-".join(map(str, numbers)))
    return {"url": address, "rows": len(numbers)}


def model_of(job: dict[str, Any]) -> dict[str, Any] | None:
    """The model of an atlas, None where it is not to be seen."""
    row = context().store.get(str(job["options"].get("model")), current())
    return jobs.brief(row) if row else None


def row_of(job_id: str) -> JobRow:
    """An atlas that may be seen."""
    return find_job(context(), current(), job_id, TYPE)
