"""Models: the form of a new one, its live page, and asking it about images."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields as dataclass_fields
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.forms import Field, Group, fields, groups, posted
from app.pages import allowed
from app.pages import sweeps as sweeps_page
from app.services import archives, evaluations, finder, jobs, models, schedules, sweeps
from app.services.context import NotFound, find_job
from app.services.jobs import Label
from data.errors import InvalidOptions, UserError
from data.trainable import CLASSIFICATION
from jobs.permissions import can
from jobs.store import Listing
from models.presets import with_preset
from models.train_options import TrainOptions
from models.weights.options import StartOptions

blueprint = Blueprint("models", __name__)
START = tuple(field.name for field in dataclass_fields(StartOptions))
OWN = ("dataset", "network", "source", "start_state", *START)  # drawn by the page itself
CHOICES = 200
WITH_WEIGHTS = ("Done", "Aborted", "Paused", "Error", "Running")
GROUPS = ("Data", "Training", "Optimizer", "Learning rate")
"""The form's cards in this order; others follow."""


@blueprint.get("/models/images/classification/new")
def new() -> str:
    """The form, empty, for ``?dataset=`` or ``?network=``, or filled in as the job ``?clone=`` or ``?sweep=`` was.

    ``?preset=`` fills in a recipe that is known to work.
    """
    values: dict[str, Any] = {}
    several = None
    if sweep := request.args.get("sweep"):
        several = jobs.clone(context(), current(), find_job(context(), current(), sweep, "sweep"))
        values = several["model"]
    if clone := request.args.get("clone"):
        values = jobs.clone(context(), current(), find_job(context(), current(), clone, "model"))
    if fork := request.args.get("fork"):
        values = models.fork(context(), current(), find_job(context(), current(), fork, "model"), request.args)
    given = ("dataset", "network", "preset")
    values = with_preset(values | {name: request.args[name] for name in given if request.args.get(name)})
    return _form(values, {}, several)


@blueprint.post("/models/new")
def create() -> AnyResponse:
    """Start the training, or several of them; or show the form again with what is wrong beside each field."""
    values, several = posted(request.form), sweeps_page.asked_for(request.form)
    try:
        if several is not None:
            row = sweeps.create(context(), current(), {**several, "model": values})
            return redirect(url_for("sweeps.show", job_id=row.id), 303)
        return redirect(url_for("models.show", job_id=models.create(context(), current(), values).id), 303)
    except InvalidOptions as error:
        return make_response(_form(values, error.fields, several), 422)
    except UserError as error:
        return make_response(_form(values, {error.field or "": [str(error)]}, several), 422)


@blueprint.post("/models/check")
def check() -> str:
    """What the chosen network would be on the chosen dataset, or why it cannot be."""
    try:
        return render_template(
            "models/check.html", found=models.check(context(), current(), posted(request.form)), said={}
        )
    except InvalidOptions as error:
        return render_template("models/check.html", found=None, said=error.fields)
    except UserError as error:
        return render_template("models/check.html", found=None, said={error.field or "": [str(error)]})


@blueprint.post("/models/find-rate")
def find_rate() -> Response:
    """Loss against learning rate from a short run of what the form describes, or what is wrong with its fields."""
    try:
        return jsonify(finder.find_rate(context(), current(), posted(request.form)))
    except InvalidOptions as error:
        return jsonify(errors=error.fields)


@blueprint.post("/models/schedule")
def schedule() -> Response:
    """The learning rate over the training that the form describes, or what is wrong with its fields."""
    try:
        return jsonify(schedules.project([posted(request.form)])[0])
    except InvalidOptions as error:
        return jsonify(errors=error.fields)


@blueprint.get("/models/networks/<name>/source")
def source(name: str) -> Response:
    """The Python source of a network of the library, to start one's own from."""
    return Response(models.network(context(), name)["source"], mimetype="text/plain")


def _cards(made: dict[str, Field]) -> list[Group]:
    cards = groups(TrainOptions, made, skip=OWN)
    return sorted(cards, key=lambda card: GROUPS.index(card.title) if card.title in GROUPS else len(GROUPS))


def _form(values: dict[str, Any], errors: dict[str, list[str]], several: dict[str, Any] | None = None) -> str:
    varied = (several or {}).get("vary") or {}
    made = fields(TrainOptions, values, {name: said for name, said in errors.items() if name not in varied})
    card = sweeps_page.card(several, errors)
    known = {"name", "group", *made, *(item.name.removeprefix(sweeps_page.SEARCH) for item in card["search"]), "vary"}
    rest = {name: said for name, said in errors.items() if name not in known}
    ready, _ = jobs.list_jobs(context(), current(), Listing(type="dataset", limit=CHOICES))
    usable = [jobs.brief(row) for row in ready if row.status not in ("Error", "Aborted") and not row.broken]
    usable = [job for job in usable if ((job["summary"] or {}).get("kind") or CLASSIFICATION) == CLASSIFICATION]
    older, _ = jobs.list_jobs(context(), current(), Listing(type="model", statuses=WITH_WEIGHTS, limit=CHOICES))
    saved, _ = jobs.list_jobs(context(), current(), Listing(type="network", limit=CHOICES))
    return render_template(
        "models/new.html", saved=[jobs.brief(row) for row in saved if not row.broken],
        label=fields(Label, values, errors), fields=made, errors=rest, wrong=sum(map(len, errors.values())),
        groups=_cards(made), datasets=usable, older=[jobs.brief(row) for row in older],
        networks=models.networks(context()), may_code=can(current(), "run_code"),
        open_start=any(made[name].text or made[name].errors for name in START),
        limit_mb=context().settings.max_upload_mb, usual=schedules.usual(), sweep=card,
        presets=models.presets(),
    )  # fmt: skip


@blueprint.get("/models/<job_id>")
def show(job_id: str) -> str:
    """The page of one model, while it learns and afterwards."""
    row = find_job(context(), current(), job_id, "model")
    job = jobs.describe(context(), row)
    parents = jobs.related(context(), current(), row)["parents"]
    network = next((n for n in models.networks(context()) if n["name"] == job["options"].get("network")), None)
    classes = (job["artifacts"].get("model") or {}).get("classes") or []
    return render_template(
        "models/show.html",
        job=job, may=allowed(current(), row), words=schedules.words(job["options"]),
        dataset=jobs.brief(parents[0]) if parents else None, network=network,
        evaluations=evaluations.of_model(context(), current(), row), may_evaluate=can(current(), "create"),
        log=jobs.log(context(), row, 100), classes=classes, top5="val/top5" in job["curves"] or len(classes) > 5,
    )  # fmt: skip


@blueprint.get("/models/<job_id>/source")
def trained_source(job_id: str) -> Response:
    """The source that was trained, as text."""
    row = find_job(context(), current(), job_id, "model")
    path = context().store.folder(row.id).artifacts / "network.py"
    if not path.exists():
        raise NotFound(f"{row.name} has no network source.")
    return Response(path.read_text(encoding="utf-8"), mimetype="text/plain")


@blueprint.get("/models/<job_id>/checkpoints/<name>.<any('tar.gz', zip):format>")
def checkpoint(job_id: str, name: str, format: str) -> Response:
    """A checkpoint with all that is needed to use it elsewhere."""
    row = find_job(context(), current(), job_id, "model")
    filename, mimetype, pieces = archives.checkpoint_archive(context(), current(), row, name, format)
    answer = Response(pieces, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer


@blueprint.post("/models/<job_id>/classify")
def classify(job_id: str) -> Response:
    """The top five classes of one image: an upload, a server path, or a record of the dataset."""
    row = find_job(context(), current(), job_id, "model")
    form, sent = posted(request.form), request.files.get("image")
    record = (form["split"], int(form["index"])) if form.get("index", "").isdigit() and "split" in form else None
    found = models.classify(
        context(), current(), row,
        [sent.read()] if sent else (), paths=[form["path"]] if form.get("path") else (), record=record,
        checkpoint=form.get("checkpoint") or None, top=5,
    )  # fmt: skip
    seen = [f"data:image/png;base64,{b64encode(data).decode()}" for data in found.pop("inputs")]
    return jsonify({**found, "seen": seen[0] if seen else None, "predictions": found["predictions"][0]})
