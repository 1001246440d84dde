"""What an analysis found: statistics of a split, findings of the doctor, the map of the set; and asking for one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context, offload
from app.pages import allowed, choice
from app.pages.explore import IMMUTABLE, sprite_of
from app.services import analyses, analysis_jobs, atlases, datasets, jobs
from app.services.context import find_job
from data.analysis.options import has_tsne
from data.analysis.pictures import sheet_columns
from jobs.permissions import can
from jobs.tables import JobRow

blueprint = Blueprint("analyses", __name__)
WORDS = {"train": "Training", "val": "Validation", "test": "Test"}


@blueprint.get("/analyses/<job_id>")
def show(job_id: str) -> AnyResponse:
    """An analysis has no page of its own: its dataset's findings are shown."""
    row = find_job(context(), current(), job_id, analysis_jobs.TYPE)
    return redirect(url_for("analyses.findings", job_id=analysis_jobs.dataset_of(context(), row)))


@blueprint.post("/datasets/<job_id>/analyse")
def start(job_id: str) -> AnyResponse:
    """Ask for an analysis."""
    row = find_job(context(), current(), job_id, "dataset")
    layout = request.form.get("layout", "pca")
    analysis_jobs.start(context(), current(), row, layout)
    return redirect(url_for("analyses.map_of" if layout == "tsne" else "analyses.findings", job_id=row.id), 303)


@blueprint.get("/datasets/<job_id>/analysis.state")
def state(job_id: str) -> Response:
    """How far the newest analysis is, for the page that waits for it."""
    row = find_job(context(), current(), job_id, "dataset")
    last = analysis_jobs.newest(context(), row)
    return jsonify(job=None if last is None else jobs.brief(last))


@blueprint.get("/datasets/<job_id>/statistics")
def statistics(job_id: str) -> str:
    """Distributions and pictures of one split (``?split=``)."""
    row, common = _common(job_id)
    found = common["analysis"]
    split = choice(request.args.get("split"), list(found["splits"]), next(iter(found["splits"]), None))
    manifest = datasets.manifest(context(), row) if found["ready"] else None
    return render_template(
        "datasets/statistics.html", **common, manifest=manifest, split=split, words=WORDS,
        statistics=found["splits"].get(split), means=_means(row, manifest, split) if manifest else None,
    )  # fmt: skip


def _means(row: JobRow, manifest: dict[str, Any], split: str) -> dict[str, Any]:
    """The sheet of the classes' mean images, and how many cells it has each way."""
    columns = sheet_columns(len(manifest["classes"]))
    address = url_for("analyses.picture", job_id=row.id, split=split, name="classes", of=_stamp(row))
    return {"url": address, "columns": columns, "rows": -(-len(manifest["classes"]) // columns)}


@blueprint.get("/datasets/<job_id>/findings")
def findings(job_id: str) -> str:
    """What the doctor found, the weightiest first; each opens in the explorer or is left out in a new version."""
    row, common = _common(job_id)
    shown = [{**item, "strips": _strips(row, item)} for item in common["analysis"]["findings"]]
    return render_template("datasets/findings.html", **common, findings=shown, words=WORDS)


def _strips(row: JobRow, finding: dict[str, Any]) -> list[dict[str, Any]]:
    """The finding's first records, split by split, each with its sprite."""
    by_split: dict[str, list[int]] = {}
    for split, index in finding["thumbs"]:
        by_split.setdefault(split, []).append(index)
    strips = []
    for split, indices in by_split.items():
        found = {"split": split, "records": [{"index": index} for index in indices]}
        strips.append({**found, "sprite": sprite_of(row, found)})
    return strips


@blueprint.get("/datasets/<job_id>/map")
def map_of(job_id: str) -> str:
    """The map of the set."""
    row, common = _common(job_id)
    manifest = datasets.manifest(context(), row) if common["analysis"]["ready"] else None
    seen_by = [(jobs.brief(model), atlas) for model, atlas in atlases.of_models_on(context(), current(), row)]
    return render_template(
        "datasets/map.html", **common, manifest=manifest, words=WORDS, tsne=has_tsne(), seen_by=seen_by
    )


@blueprint.get("/datasets/<job_id>/map.json")
def places(job_id: str) -> Response:
    """The places of the map, for the script that draws it."""
    row = find_job(context(), current(), job_id, "dataset")
    return jsonify(offload(analyses.places, context(), current(), row))


@blueprint.get("/datasets/<job_id>/analysis/<split>/<name>")
def picture(job_id: str, split: str, name: str) -> Response:
    """A picture of a split: mean, deviation, or the sheet of the classes' means."""
    row = find_job(context(), current(), job_id, "dataset")
    data, mimetype = analyses.picture(context(), current(), row, split, name)
    return Response(
        data, mimetype=mimetype, headers={"Cache-Control": IMMUTABLE if "of" in request.args else "no-cache"}
    )


def _common(job_id: str) -> tuple[JobRow, dict[str, Any]]:
    row = find_job(context(), current(), job_id, "dataset")
    found = analyses.describe(context(), current(), row)
    may = {**allowed(current(), row), "create": can(current(), "create"), "analyse": can(current(), "create")}
    return row, {"job": jobs.brief(row), "may": may, "analysis": found, "stamp": _stamp(row)}


def _stamp(row: JobRow) -> str:
    """Changes with the analysis shown: part of its pictures' addresses, so that browsers may keep them."""
    path = analyses.folder(context(), row)
    return path.parent.name if path else ""
