"""The model card as one file: opened in the browser, or kept."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app.auth import current
from app.extensions import context
from app.services import model_card
from app.services.context import find_job

blueprint = Blueprint("model_cards", __name__)


@blueprint.get("/models/<job_id>/card.html")
def show(job_id: str) -> Response:
    """What the model was made of and how good it is; with ``?download=1`` to be kept."""
    row = find_job(context(), current(), job_id, "model")
    text = render_template("evaluations/card.html", **model_card.card(context(), current(), row))
    answer = Response(text, mimetype="text/html", headers={"Cache-Control": "no-store"})
    if request.args.get("download"):
        answer.headers.set("Content-Disposition", "attachment", filename=f"model-card-{job_id}.html")
    return answer
