"""What may be done to a training from its page: pause, resume, steer, go on for more epochs, move in the queue."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.services import jobs, schedules, steering
from app.services.context import find_job

blueprint = Blueprint("training", __name__)


@blueprint.post("/models/<job_id>/steer/<act>")
def steer(job_id: str, act: str) -> Response:
    """Ask the running worker: ``rate`` (with ``value``), ``save``, ``stop`` or ``pause``."""
    row = find_job(context(), current(), job_id, "model")
    return jsonify(said=steering.steer(context(), current(), row, act, request.form.get("value")))


@blueprint.post("/models/<job_id>/resume")
def resume(job_id: str) -> Response:
    """Go on from the last checkpoint, up to ``epochs`` where given."""
    row = find_job(context(), current(), job_id, "model")
    return jsonify(said=steering.resume(context(), current(), row, request.form.get("epochs")))


@blueprint.get("/models/<job_id>/planned")
def planned(job_id: str) -> Response:
    """The learning rate over the whole training, done and still to come."""
    return jsonify(schedules.planned(context(), find_job(context(), current(), job_id, "model")))


@blueprint.post("/jobs/<job_id>/do/priority")
def priority(job_id: str) -> Response:
    """Move it within the queue."""
    row = find_job(context(), current(), job_id)
    wanted = request.form.get("priority", type=int)
    jobs.prioritise(context(), current(), row, row.priority if wanted is None else wanted)
    return jsonify(said="Its place in the queue is being worked out.")


@blueprint.get("/models/<job_id>/fork")
def fork(job_id: str) -> AnyResponse:
    """The form of a new model that goes on from a checkpoint of this one."""
    row = find_job(context(), current(), job_id, "model")
    return redirect(url_for("models.new", fork=row.id, checkpoint=request.args.get("checkpoint", "")))
