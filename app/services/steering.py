"""Steering a training: pause and resume, another rate, an early end, a checkpoint now, more epochs."""

from __future__ import annotations

import math
from typing import Any

from app.services.context import Conflict, Context, StorageFull, require
from data.errors import InvalidOptions
from jobs.control import ACTS, ask
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow

LIVE_ONLY = ("save", "stop", "pause")
"""What only a worker that is at work can do."""


def steer(ctx: Context, who: Principal | None, row: JobRow, act: str, value: Any = None) -> str:
    """Ask the worker of a training for one of ACTS; answers with a sentence.

    A rate for a job that is not running holds from where it goes on. Raises InvalidOptions, Conflict, NotAllowed.
    """
    who = require(who, "abort", row)
    if act not in ACTS or act == "extend":
        raise InvalidOptions({"act": [f"{act!r} is none of {', '.join(name for name in ACTS if name != 'extend')}."]})
    _refuse_other(row)
    if act in LIVE_ONLY and (now := _status(ctx, row)) is not Status.RUNNING:
        raise Conflict(f"{row.name} is not running: its status is {now}.")
    _ask(ctx, row, act, _number(value, "value") if act == "rate" else None, who.name)
    return SAID[act]


SAID = {
    "rate": "The learning rate changes with the next step.",
    "save": "A checkpoint is being saved.",
    "stop": "The training ends after this step, with a validation and a checkpoint.",
    "pause": "The training is being paused.",
}


def resume(ctx: Context, who: Principal | None, row: JobRow, epochs: Any = None) -> str:
    """Let a job that is paused, aborted, failed or (with more ``epochs``) done go on; answers with a sentence.

    It waits for its turn as any other and goes on from its last checkpoint, exactly. Raises InvalidOptions, Conflict.
    """
    who = require(who, "abort", row)
    _refuse_other(row)
    if row.broken:
        raise Conflict(f"{row.name} is broken: {row.broken}")
    if not (now := _status(ctx, row)).settled:
        raise Conflict(f"{row.name} cannot be resumed: its status is {now}.")
    if epochs not in (None, ""):
        _ask(ctx, row, "extend", _more(ctx, row, _number(epochs, "epochs")), who.name)
    elif now is Status.DONE:
        raise InvalidOptions({"epochs": [f"{row.name} is done: say up to how many epochs it is to go on."]})
    ctx.store.edit(row.id, resume_requested=True, abort_requested=False)
    return f"{row.name} goes on as soon as there is room for it."


def _status(ctx: Context, row: JobRow) -> Status:
    """What the worker said last: the row follows a moment later, once the scheduler has seen the worker go."""
    return ctx.states.get(row.id).status


def _more(ctx: Context, row: JobRow, epochs: float) -> float:
    """``epochs``, if that is more than have been trained. Raises InvalidOptions."""
    done = max((float(event["epoch"]) for event in ctx.states.get(row.id).checkpoints), default=0.0)
    if epochs <= done:
        raise InvalidOptions({"epochs": [f"{done:g} epochs are trained already; give a larger number."]})
    return epochs


def _number(value: Any, field: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < 1e9:
        raise InvalidOptions({field: ["Give a number above zero."]})
    return number


def _refuse_other(row: JobRow) -> None:
    if row.type != "model":
        raise Conflict(f"{row.name} is no training: only trainings are paused, resumed or steered.")


def _ask(ctx: Context, row: JobRow, act: str, value: float | None, who: str) -> None:
    try:
        ask(ctx.store.folder(row.id), act, value, who)
    except OSError as error:
        raise StorageFull(f"The wish could not be written into the job's folder: {error.strerror}.") from error
