"""The layers of a model over its training: a heat map of every layer, curves and histograms of one."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from app import pages
from app.auth import current
from app.extensions import context
from app.services import jobs, layers
from app.services.context import find_job

blueprint = Blueprint("layers", __name__)


@blueprint.get("/models/<job_id>/layers")
def show(job_id: str) -> str:
    """The page."""
    row = find_job(context(), current(), job_id, "model")
    found = layers.overview(context(), row)
    return render_template("models/layers.html", job=jobs.describe(context(), row), tables=found, words=layers.WORDS)


@blueprint.get("/models/<job_id>/layers/tables")
def tables(job_id: str) -> Response:
    """What there is by now."""
    return jsonify(layers.overview(context(), find_job(context(), current(), job_id, "model")))


@blueprint.get("/models/<job_id>/layers/<table>/<statistic>.heat")
def heat(job_id: str, table: str, statistic: str) -> Response:
    """The heat map of one statistic, packed."""
    row = find_job(context(), current(), job_id, "model")
    width = pages.number(request.args.get("width"), 300, 1, 2000)
    found = layers.heat(context(), row, table, statistic, width)
    return Response(layers.packed(found), mimetype="application/octet-stream", headers={"Cache-Control": "no-store"})


@blueprint.get("/models/<job_id>/layers/<table>/<int:number>")
def one(job_id: str, table: str, number: int) -> Response:
    """Every statistic of one layer, and its histograms."""
    row = find_job(context(), current(), job_id, "model")
    known = layers.overview(context(), row).get(table, {}).get("statistics", [])
    curves = {name: layers.curve(context(), row, table, name, number) for name in known}
    ridges = {}
    for kind in ("weights", "gradients") if table == "weights" else ("activations",):
        ridges[kind] = layers.histograms(context(), row, kind, number)
    return jsonify(curves=curves, histograms=ridges)
