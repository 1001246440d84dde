"""The models of a sweep: what was varied and what came of it, which is the best so far, and stopping them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.services.context import Conflict, Context, StorageFull, require
from app.services.jobs import brief, job_of
from data.options import parse, schema
from jobs.control import ask
from jobs.events import Event
from jobs.job import Status
from jobs.permissions import Principal, can
from jobs.tables import JobRow
from models.sweeps.options import LARGEST_IS_BEST, SweepOptions
from models.sweeps.space import Choices, Range
from models.train_options import TrainOptions

WHICH = {
    "all": "every model that runs or waits, and the search",
    "waiting": "what has not begun: models that run are trained to their end",
    "others": "every model but the best so far",
}
"""What can be stopped."""
WITHOUT_VALIDATION = "train/loss"


def options_of(ctx: Context, row: JobRow) -> SweepOptions:
    """What was asked for. Raises Conflict where its folder cannot be read."""
    return parse(SweepOptions, job_of(ctx, row).options)


def describe(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """A sweep with its models: JSON-ready, what the page draws and the API answers.

    ``varied`` are the axes, ``trials`` the models that ``who`` may see, best first where they have been measured;
    ``best`` is the id of the best so far. Raises Conflict where its folder cannot be read.
    """
    options = options_of(ctx, row)
    told = ctx.states.get(row.id).trials
    rows = ctx.store.briefly(str(trial["id"]) for trial in told.values() if trial.get("id"))
    seen = {key: found for key, found in rows.items() if can(who, "view", found) and not found.delete_requested}
    curve = _curve(options.curve, [*seen.values()])
    largest = LARGEST_IS_BEST.get(curve, False)
    trials = [_trial(number, one, seen.get(str(one.get("id"))), curve) for number, one in sorted(told.items())]
    trials = [trial for trial in trials if trial is not None]
    best = _best(trials, largest)
    return {
        **{key: value for key, value in brief(row).items() if key != "summary"},
        "kind": "search" if options.search else "grid",
        "curve": curve,
        "largest": largest,
        "varied": [_axis(name, values) for name, values in options.varied.items()],
        "planned": options.search.trials if options.search else len(told),
        "trials": trials,
        "best": best,
        "counts": dict(Counter(str(trial["status"]) for trial in trials)),
        "overall": _overall(Status(row.status), trials, options.search.trials if options.search else len(trials)),
        "gone": len(told) - len(trials),
        "live": not Status(row.status).settled or any(not Status(str(one["status"])).settled for one in trials),
    }


def stop(ctx: Context, who: Principal | None, row: JobRow, which: str) -> int:
    """Stop some of a sweep (see WHICH); answers how many models are stopped. Raises Conflict, NotAllowed."""
    who = require(who, "abort", row)
    if which not in WHICH:
        raise Conflict(f"{which!r} cannot be stopped; choose one of {', '.join(WHICH)}.")
    if not Status(row.status).settled:
        _end_search(ctx, who, row, abort=which == "all")
    known = describe(ctx, who, row)
    wanted = [trial for trial in known["trials"] if _meant(trial, which, known["best"])]
    rows = ctx.store.briefly(str(trial["id"]) for trial in wanted)
    mine = [found for found in rows.values() if can(who, "abort", found)]
    for found in mine:
        ctx.store.edit(found.id, abort_requested=True)
    return len(mine)


def resume(ctx: Context, who: Principal | None, row: JobRow) -> str:
    """Let a search that was stopped, or whose worker died, go on where it was. Raises Conflict."""
    require(who, "abort", row)
    if options_of(ctx, row).search is None:
        raise Conflict(f"{row.name} is no search: resume its models one by one.")
    if row.broken or not Status(row.status).settled or row.status == Status.DONE.value:
        raise Conflict(f"{row.name} cannot go on: its status is {row.status}.")
    ctx.store.edit(row.id, resume_requested=True, abort_requested=False)
    return f"{row.name} goes on in a moment."


def _end_search(ctx: Context, who: Principal, row: JobRow, *, abort: bool) -> None:
    """End the search itself at once, or let it end when the models that run have."""
    if abort or row.status != Status.RUNNING.value:
        ctx.store.edit(row.id, abort_requested=True)
        return
    try:
        ask(ctx.store.folder(row.id), "stop", None, who.name)
    except OSError as error:
        raise StorageFull(f"The wish could not be written into the job's folder: {error.strerror}.") from error


def _meant(trial: Mapping[str, Any], which: str, best: str | None) -> bool:
    status = Status(str(trial["status"]))
    if status.finished:
        return False
    return {"all": True, "waiting": status is not Status.RUNNING, "others": trial["id"] != best}[which]


def _curve(watched: str, rows: Sequence[JobRow]) -> str:
    """What models are compared by: the watched curve, or the loss in training where there are no validation images."""
    measured = [set((row.summary or {}).get("curves", ())) for row in rows]
    finished = any(row.status == Status.DONE.value for row in rows)
    return WITHOUT_VALIDATION if finished and not any(watched in curves for curves in measured) else watched


def _trial(number: int, told: Event, row: JobRow | None, curve: str) -> dict[str, Any] | None:
    if row is None:
        return None
    summary = row.summary or {}
    known = summary.get("curves", {}).get(curve, {})
    return {
        "number": number,
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "reason": row.error or row.reason,
        "pruned": str(told.get("reason", "")) if told.get("state") == "pruned" else "",
        "values": dict(told.get("values", {})),
        "fraction": row.fraction,
        "eta": row.eta,
        "epoch": summary.get("epoch"),
        "best": known.get("max" if LARGEST_IS_BEST.get(curve, False) else "min"),
        "last": known.get("last"),
        "metrics": dict(summary.get("metrics", {})),
    }


def _overall(own: Status, trials: Sequence[Mapping[str, Any]], planned: int) -> dict[str, Any]:
    """The status and the share done of the whole: a grid itself is Done when its models are made, and they are not."""
    live = [Status(str(trial["status"])) for trial in trials if not Status(str(trial["status"])).settled]
    if own.settled and own is not Status.DONE and not live:
        status = own
    elif not live and own.settled:
        status = Status.DONE
    else:
        status = Status.RUNNING if Status.RUNNING in [own, *live] else (live[0] if live else own)
    ended = [1.0 if Status(str(trial["status"])).finished else float(trial["fraction"]) for trial in trials]
    fraction = 1.0 if status is Status.DONE else min(0.999, sum(ended) / max(1, planned))
    return {"status": status.value, "fraction": fraction}


def _best(trials: Sequence[Mapping[str, Any]], largest: bool) -> str | None:
    """The trial with the best value so far, the earliest of equals."""
    measured = [trial for trial in trials if trial["best"] is not None]
    sign = 1 if largest else -1
    found = max(measured, key=lambda trial: (sign * trial["best"], -trial["number"]), default=None)
    return str(found["id"]) if found else None


def _axis(name: str, values: Choices | Range) -> dict[str, Any]:
    spec = schema(TrainOptions)["properties"][name]
    labels = spec.get("labels", {})
    known = {"name": name, "label": spec.get("title", name), "unit": spec.get("unit", "")}
    if isinstance(values, Range):
        return {**known, "from": values.low, "to": values.high, "log": values.log, "choices": None, "words": {}}
    words = {str(value): labels[str(value)] for value in values.values if str(value) in labels}
    return {**known, "from": None, "to": None, "log": False, "choices": list(values.values), "words": words}
