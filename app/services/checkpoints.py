"""Which checkpoint of a model a name means."""

from __future__ import annotations

from typing import Any

from app.services.context import Conflict, Context, NotFound
from jobs.tables import JobRow


def checkpoint_name(ctx: Context, row: JobRow, name: str | None = None) -> str:
    """The checkpoint called ``name`` (by name, or an epoch as a number), or the last one.

    Raises Conflict where there is none yet, NotFound where there is none of that name.
    """
    found = ctx.states.get(row.id).checkpoints
    if not found:
        raise Conflict(f"{row.name} has no checkpoint yet: its status is {row.status}.")
    if not name:
        return str(found[-1]["name"])
    match = [str(event["name"]) for event in found if name == event["name"] or _same_epoch(name, event.get("epoch"))]
    if not match:
        names = ", ".join(str(event["name"]) for event in found[-5:])
        raise NotFound(f"{row.name} has no checkpoint {name}. The latest are {names}.")
    return match[-1]


def _same_epoch(text: str, epoch: Any) -> bool:
    try:
        return epoch is not None and abs(float(text) - float(epoch)) < 1e-6
    except ValueError:
        return False
