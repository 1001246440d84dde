"""The map of an atlas's images by what a layer's units say of them; what else may be asked of a finished atlas."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from app.auth import current
from app.extensions import context
from app.forms import posted
from app.pages import allowed, choice, number
from app.pages.atlases import model_of, row_of
from app.services import atlas_maps, atlases, jobs
from data.analysis.options import has_tsne

blueprint = Blueprint("atlas_maps", __name__)
CHECKPOINTS = 12
"""How many the page offers to follow the maps through."""


@blueprint.get("/atlases/<job_id>/map")
def show(job_id: str) -> str:
    """The map of one layer; colours, circled images and the checkpoint are in the address too."""
    row = row_of(job_id)
    job, atlas = jobs.describe(context(), row), atlases.about(context(), current(), row)
    last = len(atlas["layers"]) - 1
    index = number(request.args.get("layer"), max(0, last - 1), 0, last)  # the last hidden layer says most of images
    found = atlas_maps.layer_map(context(), current(), row, index)
    method = choice(request.args.get("method"), found["offered"], "pca")
    model = model_of(job)
    checkpoints = len(context().states.get(model["id"]).checkpoints) if model else 0
    return render_template(
        "atlases/map.html",
        job=job, atlas=atlas, layer=atlas["layers"][index], found=found, method=method, model=model, tsne=has_tsne(),
        may=allowed(current(), row), checkpoints=min(checkpoints, CHECKPOINTS),
    )  # fmt: skip


@blueprint.get("/atlases/<job_id>/layers/<int:index>/map")
def places(job_id: str, index: int) -> Response:
    """The places of all images, for the page's script."""
    method = choice(request.args.get("method"), atlas_maps.METHODS, "pca")
    answer = jsonify(atlas_maps.layer_map(context(), current(), row_of(job_id), index, method))
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


@blueprint.post("/atlases/<job_id>/wishes")
def wish(job_id: str) -> Response:
    """Let the atlas lay a layer out by t-SNE, or follow the maps through checkpoints."""
    said = atlas_maps.ask_for(context(), current(), row_of(job_id), posted(request.form))
    return jsonify(said=said)


@blueprint.post("/atlases/<job_id>/resume")
def resume(job_id: str) -> Response:
    """Go on where the state of an atlas that did not finish was saved last."""
    atlases.resume(context(), current(), row_of(job_id))
    return jsonify(said="The atlas goes on.", next=url_for("atlases.show", job_id=job_id))
