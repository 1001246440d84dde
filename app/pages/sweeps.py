"""Sweeps: the card of the model form that asks for several models, the list of sweeps, and the page of one."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.datastructures import MultiDict

from app.auth import current
from app.extensions import context
from app.forms import ELSEWHERE, Field, fields, posted
from app.pages import ROWS, allowed, number, page_numbers, pages_of
from app.services import jobs, sweeps, trials
from app.services.context import find_job
from data.errors import InvalidOptions, UserError
from data.options import schema
from jobs.store import Listing
from jobs.tables import JobRow
from models.sweeps.options import SearchOptions
from models.train_options import TrainOptions

blueprint = Blueprint("sweeps", __name__)
VARY, SEARCH = ELSEWHERE
SHOWN = (
    "learning_rate", "batch_size", "weight_decay", "momentum", "optimizer", "schedule", "label_smoothing",
    "average_decay", "network", "epochs", "seed",
)  # fmt: skip
EXAMPLES = {"learning_rate": "0.1, 0.01", "batch_size": "32, 64", "network": "lenet, squeezenet", "seed": "1, 2, 3"}


# -- the card of the model form ----------------------------------------------------------------------------------


def asked_for(form: MultiDict[str, str]) -> dict[str, Any] | None:
    """What the card was filled in with: ``vary`` and ``search`` (None: every combination); None where it is blank."""
    vary = {name[len(VARY) :]: text for name, text in form.items() if name.startswith(VARY) and text.strip()}
    searched = vary.pop("mode", "grid") == "search"
    if not vary and not searched:
        return None
    wanted = {name[len(SEARCH) :]: text for name, text in form.items() if name.startswith(SEARCH)}
    return {"vary": vary, "search": wanted if searched else None}


def card(given: Mapping[str, Any] | None, errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The card as its template draws it: the options that can be varied, and those of a search."""
    given = given or {}
    known, vary = schema(TrainOptions)["properties"], given.get("vary") or {}
    options = [_option(name, known[name], vary.get(name), errors.get(name, ())) for name in SHOWN]
    search = fields(SearchOptions, given.get("search") or {}, errors)
    said = [*errors.get("vary", ())]
    wrong = bool(said) or any(item.errors for item in (*options, *search.values()))
    return {
        "mode": "search" if given.get("search") is not None else "grid",
        "options": options,
        "search": [replace(item, name=SEARCH + item.name) for item in search.values()],
        "open": wrong or any(item.text for item in options),
        "said": said,
    }


def _option(name: str, spec: Mapping[str, Any], value: Any, errors: Sequence[str]) -> Field:
    choices = spec.get("enum") or ()
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value or ""
    if isinstance(value, Mapping):
        listed = value.get("choices")
        text = ", ".join(map(str, listed)) if listed else f"{value['from']:g} .. {value['to']:g} {value['scale']}"
    return Field(
        name=VARY + name,
        label=spec.get("title", name),
        kind="text",
        value=text,
        help=_hint(name, choices),
        errors=errors,
    )


def _hint(name: str, choices: Sequence[Any]) -> str:
    """What may be written into a field of the card."""
    if choices:
        return f"Any of {', '.join(map(str, choices))}."
    return f"For example {EXAMPLES[name]}." if name in EXAMPLES else ""


@blueprint.post("/sweeps/size")
def size() -> Response:
    """How many models the form would make, in words, or what is wrong with its card."""
    wanted = asked_for(request.form)
    if wanted is None:
        return jsonify(models=1, words="")
    try:
        return jsonify(sweeps.size({**wanted, "model": posted(request.form)}))
    except InvalidOptions as error:
        return jsonify(errors=error.fields)


# -- the pages ---------------------------------------------------------------------------------------------------


@blueprint.get("/sweeps")
def index() -> str:
    """All sweeps, newest first."""
    text, page = request.args.get("q", "").strip(), number(request.args.get("p"), 1, 1, 1_000_000)
    listing = Listing(type=sweeps.TYPE, text=text, limit=ROWS, offset=(page - 1) * ROWS)
    rows, total = jobs.list_jobs(context(), current(), listing)
    pages = pages_of(total, ROWS)
    return render_template(
        "sweeps/index.html",
        rows=[_brief(row) for row in rows], total=total, q=text, page=page, pages=pages,
        numbers=page_numbers(page, pages),
    )  # fmt: skip


def _brief(row: JobRow) -> dict[str, Any]:
    try:
        return trials.describe(context(), current(), row)
    except UserError as error:
        return {**jobs.brief(row), "broken": str(error), "trials": [], "varied": [], "counts": {}, "kind": ""}


@blueprint.get("/sweeps/<job_id>")
def show(job_id: str) -> str:
    """One sweep: its models as a table, in parallel coordinates and as a scatter plot, live."""
    row = _row(job_id)
    sweep = trials.describe(context(), current(), row)
    shown = {key: sweep["overall"][key] for key in ("status", "fraction")}
    job, may = {**jobs.describe(context(), row), **shown}, allowed(current(), row)
    return render_template(
        "sweeps/show.html", sweep=sweep, job=job, may={**may, "abort": False}, may_stop=may["abort"],
        log=jobs.log(context(), row, 100),
    )  # fmt: skip


@blueprint.get("/sweeps/<job_id>/data")
def data(job_id: str) -> Response:
    """What the page draws."""
    answer = jsonify(trials.describe(context(), current(), _row(job_id)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/sweeps/<job_id>/trials.csv")
def table(job_id: str) -> Response:
    """The models as a table: what is varied and what came of it."""
    sweep = trials.describe(context(), current(), _row(job_id))
    names = [axis["name"] for axis in sweep["varied"]]
    metrics = sorted({name for trial in sweep["trials"] for name in trial["metrics"]})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "id", *names, "status", "epoch", f"best {sweep['curve']}", *metrics])
    for trial in sweep["trials"]:
        own = [trial["values"].get(name, "") for name in names]
        measured = [trial["metrics"].get(name) for name in metrics]
        writer.writerow([trial["number"], trial["id"], *own, trial["status"], trial["epoch"], trial["best"], *measured])
    answer = Response(text.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"sweep-{job_id}.csv")
    return answer


@blueprint.post("/sweeps/<job_id>/stop")
def stop(job_id: str) -> Response:
    """Stop ``which``: all, what waits, or all but the best."""
    stopped = trials.stop(context(), current(), _row(job_id), request.form.get("which", "all"))
    words = f"{stopped} model{'' if stopped == 1 else 's'} {'is' if stopped == 1 else 'are'} being stopped."
    return jsonify(said=words if stopped else "There is nothing to stop.")


@blueprint.post("/sweeps/<job_id>/resume")
def resume(job_id: str) -> Response:
    """Let a search go on."""
    return jsonify(said=trials.resume(context(), current(), _row(job_id)))


def _row(job_id: str) -> JobRow:
    return find_job(context(), current(), job_id, sweeps.TYPE)
