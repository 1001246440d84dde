"""The explorer: pages of thumbnails by split, class, words, finding and order; single records; downloads of a view."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from app.auth import current
from app.extensions import context
from app.pages import choice, number, page_numbers, query
from app.services import analyses, datasets, downloads, explorer, jobs
from app.services.context import find_job
from data.index import Query
from jobs.tables import JobRow

blueprint = Blueprint("explore", __name__)
SIZES = (25, 50, 100, 200)
CELL = 96
IMMUTABLE = "private, max-age=31536000, immutable"


@blueprint.get("/datasets/images/classification/explore")
def show() -> str:
    """A page of thumbnails; its address (DIGITS's own, with more filters) restores all that is shown."""
    row = find_job(context(), current(), request.args.get("job_id", ""), "dataset")
    manifest = datasets.manifest(context(), row)
    state = state_of(row, manifest)
    asked = query_of(state)
    found = explorer.explore(context(), current(), row, state["db"], asked, (state["page"], state["size"]))
    state["page"] = found["page"]
    template = "datasets/explore_page.html" if request.args.get("part") else "datasets/explore.html"
    return render_template(
        template,
        job=jobs.brief(row), manifest=manifest, found=found, state=state, sizes=SIZES, sprite=sprite_of(row, found),
        link=lambda **changes: url_for("explore.show") + query(state, **changes),
        numbers=page_numbers(found["page"], found["pages"]),
        findings=analyses.describe(context(), current(), row)["findings"],
    )  # fmt: skip


def state_of(row: JobRow, manifest: dict[str, Any], args: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the address (or ``args``) asks for, as far as it makes sense; the explorer's links are made of it."""
    args = request.args if args is None else args
    return {
        "job_id": row.id,
        "db": choice(args.get("db"), list(manifest["splits"]), next(iter(manifest["splits"]))),
        "page": number(args.get("page"), 1, 1, 10**9),
        "size": choice(args.get("size"), SIZES, 100),
        "label": choice(args.get("label"), range(len(manifest["classes"])), None),
        "q": args.get("q", "").strip()[:200] or None,
        "finding": args.get("finding", "")[:40] or None,
        "sort": args.get("sort", "")[:40] or None,
        "area": args.get("area", "")[:8000] or None,
    }


def query_of(state: dict[str, Any], chosen: str | None = None) -> Query:
    """What an address means to the index; ``chosen`` are record numbers with "-" between them."""
    return Query(
        cls=state["label"],
        text=state["q"] or "",
        finding=state["finding"] or "",
        sort=state["sort"] or "",
        area=explorer.area_of(state["area"] or ""),
        chosen=tuple(int(part) for part in chosen.split("-") if part.isdigit()) if chosen else None,
    )


def sprite_of(row: JobRow, found: dict[str, Any]) -> dict[str, Any]:
    """One JPEG for all thumbnails of a page, and how many cells it has each way."""
    indices = [record["index"] for record in found["records"]]
    columns = max(1, ceil(sqrt(len(indices))))
    address = url_for("explore.sprite", job_id=row.id, split=found["split"], at="-".join(map(str, indices)))
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
    """The full record: a page of its own, or its part alone for the explorer's dialog (``?part=1``)."""
    row = find_job(context(), current(), job_id, "dataset")
    found = explorer.record(context(), current(), row, split, index)
    children = [jobs.brief(child) for child in jobs.related(context(), current(), row)["children"]]
    ready = [child for child in children if child["type"] == "model" and child["status"] == "Done"]
    template = "datasets/record.html" if request.args.get("part") else "datasets/record_page.html"
    total = datasets.manifest(context(), row)["splits"][split]["entries"]
    return render_template(template, job=jobs.brief(row), record=found, models=ready[:5], total=total)


@blueprint.route("/datasets/<job_id>/download/<split>", methods=["GET", "POST"])
def download(job_id: str, split: str) -> Response:
    """A view, or the records chosen in it (``at``), as a zip of the stored pictures with a table of them."""
    row = find_job(context(), current(), job_id, "dataset")
    state = state_of(row, datasets.manifest(context(), row))
    asked = query_of(state, request.values.get("at"))
    filename, mimetype, pieces = downloads.selection(context(), current(), row, split, asked)
    answer = Response(pieces, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer


@blueprint.get("/datasets/<job_id>/records/<split>")
def records(job_id: str, split: str) -> Response:
    """Some records as JSON, for choosing one to classify."""
    row = find_job(context(), current(), job_id, "dataset")
    page = number(request.args.get("page"), 1, 1, 10**9)
    found = datasets.explore(context(), current(), row, split, None, page, 24)
    return jsonify({**found, "sprite": sprite_of(row, found)})
