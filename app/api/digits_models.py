"""DIGITS's routes for image-classification models: train (sweeps too), show, customize, learning rates, download."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api import digits_shapes as shapes
from app.api.digits_errors import checked, new_blueprint
from app.api.digits_fields import flat
from app.api.digits_training import Previous, model_requests, names_for
from app.api.digits_urls import as_json, twin
from app.auth import current
from app.extensions import context
from app.services import jobs, models, sweeps
from app.services.archives import checkpoint_archive
from app.services.context import find_job
from app.services.jobs import job_of
from app.services.models import checkpoint_name
from data.errors import InvalidOptions, UserError
from data.options import parse
from jobs.folder import BrokenFolder
from jobs.tables import JobRow
from models.train_options import TrainOptions
from models.training.schedule import learning_rate

blueprint = new_blueprint("models")
WEIGHTS = ("start_from", "weights_file", "pretrained")


@twin(blueprint, "/models/images/classification", "POST")
def create() -> AnyResponse:
    """Train a model from DIGITS's form, or one for each learning rate and batch size that it lists."""
    form = flat(request.form.items(multi=True))
    asked, previous = model_requests(form)
    names = names_for(form)
    weights = _inherited(previous, names["start_from"]) if previous else {}
    wanted = [{**values, **weights} for values in asked]
    if len(wanted) == 1:
        row = checked(lambda: models.create(context(), current(), wanted[0]), names)
        return jsonify(_json(row)) if as_json() else redirect(url_for("models.show", job_id=row.id))
    sweep = checked(lambda: sweeps.of_digits(context(), current(), form["model_name"], wanted), names)
    if not as_json():
        return redirect(url_for("sweeps.show", job_id=sweep.id))
    return jsonify(jobs=[_json(row) for row in sweeps.models_of(context(), sweep)])


def _inherited(previous: Previous, field: str) -> dict[str, Any]:
    """Network and weights of an earlier model. Raises InvalidOptions naming DIGITS's field."""
    try:
        row = find_job(context(), current(), previous.model, "model")
    except UserError as error:
        raise InvalidOptions({field: [str(error)]}) from None
    options = job_of(context(), row).options
    network = {"network": options["network"], "source": options.get("source")}
    if previous.epoch == 0:
        return network
    if previous.epoch == -1 and any(options.get(key) for key in WEIGHTS):
        return {**network, **{key: options.get(key) for key in (*WEIGHTS, "start_checkpoint")}}
    return {**network, "start_from": row.id, "start_checkpoint": _snapshot(row, previous.epoch)}


def _snapshot(row: JobRow, epoch: float | None) -> str:
    field = f"{row.id}-snapshot"
    if epoch == -1:
        raise InvalidOptions({field: [f"{row.name} did not start from another model's weights; give an epoch."]})
    try:
        return checkpoint_name(context(), row, None if epoch is None else str(epoch))
    except UserError as error:
        raise InvalidOptions({field: [str(error)]}) from None


@blueprint.get("/models/<job_id>.json")
def show(job_id: str) -> Response:
    """Everything that DIGITS tells of a model, and how its training goes."""
    return jsonify(_json(find_job(context(), current(), job_id, "model")))


def _json(row: JobRow) -> dict[str, Any]:
    """The status is the row's: what it says Done of can be used at once."""
    job = {**jobs.describe(context(), row), "status": row.status}
    store = context().store
    try:
        dataset = store.folder(str(job["options"].get("dataset"))).job().options
    except BrokenFolder:
        dataset = None
    return shapes.model(job, dataset, str(store.folder(row.id).path))


@twin(blueprint, "/models/visualize-lr", "POST")
def visualize_lr() -> Response:
    """The learning rate over the training, 101 points from 0 to 100 %: one column for each rate of the form."""
    form = {name: text for name, text in request.form.items() if name == "learning_rate" or name.startswith("lr_")}
    asked, _ = model_requests({**form, "model_name": "-", "dataset": "-"})
    columns = []
    for values in asked:
        options = parse(TrainOptions, values)
        title = "Learning Rate" if len(asked) == 1 else f"Learning Rate {values['learning_rate']}"
        columns.append([title, *(learning_rate(options, percent / 100) for percent in range(101))])
    return jsonify(data={"columns": columns})


@blueprint.route("/models/<job_id>/download", methods=["GET", "POST"])
@blueprint.route("/models/<job_id>/download.<extension>", methods=["GET", "POST"])
def download(job_id: str, extension: str = "tar.gz") -> Response:
    """A checkpoint with all that is needed to use it elsewhere: the last one, or the one of ``epoch``."""
    row = find_job(context(), current(), job_id, "model")
    filename, mimetype, content = checkpoint_archive(context(), current(), row, epoch_of("epoch"), extension)
    response = Response(content, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def epoch_of(field: str) -> str | None:
    """The epoch that a form asks for; None (the last) where it is absent, blank or -1."""
    text = request.values.get(field, "").strip()
    return None if text in ("", "-1") else text
