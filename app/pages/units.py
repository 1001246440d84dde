"""Looking inside a model: its layers and units, and one image as the model sees and explains it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from app.auth import current
from app.extensions import context
from app.services import jobs
from app.services.context import find_job

blueprint = Blueprint("units", __name__)


@blueprint.get("/models/<job_id>/units")
def index(job_id: str) -> str:
    """The layers; the first one with weights is open."""
    return _inside(job_id, "", None)


@blueprint.get("/models/<job_id>/layers/<layer>")
def layer(job_id: str, layer: str) -> str:
    """One layer with all its units."""
    return _inside(job_id, layer, None)


@blueprint.get("/models/<job_id>/layers/<layer>/units/<int:unit>")
def unit(job_id: str, layer: str, unit: int) -> str:
    """One unit."""
    return _inside(job_id, layer, unit)


@blueprint.get("/models/<job_id>/explain")
def explain(job_id: str) -> str:
    """One image: what the model says, which pixels speak for it, and what every layer makes of it."""
    return render_template("units/image.html", **_about(job_id))


def _inside(job_id: str, layer: str, unit: int | None) -> str:
    about = _about(job_id)
    return render_template("units/layer.html", **about, open={"layer": layer, "unit": unit})


def _about(job_id: str) -> dict[str, Any]:
    """The model, its dataset, and where the scripts find what they show."""
    row = find_job(context(), current(), job_id, "model")
    job = jobs.describe(context(), row)
    parents = jobs.related(context(), current(), row)["parents"]
    dataset = next((jobs.brief(parent) for parent in parents if parent.type == "dataset"), None)
    ready = dataset is not None and dataset["status"] == "Done"
    names = [point["name"] for point in job["checkpoints"]]
    urls = {
        "api": url_for("v1.get_model", job_id=job_id),
        "methods": url_for("v1.attribution_methods"),
        "options": url_for("v1.visualization_options"),
        "layer": url_for("units.layer", job_id=job_id, layer="LAYER"),
        "explain": url_for("units.explain", job_id=job_id),
        "index": url_for("units.index", job_id=job_id),
    }
    if ready and dataset is not None:
        urls["records"] = url_for("explore.records", job_id=dataset["id"], split="SPLIT")
        urls["image"] = url_for("explore.image", job_id=dataset["id"], split="SPLIT", index=0)
    asked = request.args.get("checkpoint")
    chosen = asked if asked in names else (names[-1] if names else None)
    return {"job": job, "dataset": dataset, "urls": urls, "checkpoints": names, "checkpoint": chosen}
