"""What a training would cost before it is started: memory at once, times by a few real steps on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.services.asked import Asked, ask, asked
from app.services.context import Conflict, Context, require
from app.services.jobs import job_of
from app.services.machine import describe as describe_machine
from data.options import plain
from jobs.permissions import Principal

ESTIMATE, MEASURE, SEARCH = 30.0, 120.0, 300.0
"""Seconds that each may take."""


def estimate(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters, FLOPs, receptive fields, memory and the largest batch of the model that these form values describe.

    Answers what the inspector's ``preflight`` answers; nothing is made. Raises the same errors as making the model.
    """
    wanted = asked(ctx, require(who, "create"), values)
    images = {"records": _records(ctx, wanted), "pixels": _pixels(ctx, wanted)}
    return ask(ctx, wanted, "preflight", {**_common(ctx, wanted), **images}, ESTIMATE)


def measure(ctx: Context, who: Principal | None, values: Mapping[str, Any], *, search: bool = False) -> dict[str, Any]:
    """The time of a step and an epoch, and whether images or network will be the limit, by some real steps.

    The dataset must be finished. ``search`` also looks for the largest batch by trying, on a GPU. Raises Conflict
    while the dataset is being built, UserError(field="batch_size") where a batch does not fit.
    """
    wanted = asked(ctx, require(who, "create"), values)
    if wanted.dataset.status != "Done":
        raise Conflict(
            f"{wanted.dataset.name} is still being built, so no steps can be measured on it.",
            blockers=(wanted.dataset.id,),
            hint="The estimate needs no images; measure when the dataset is done.",
        )
    folder = str(ctx.store.folder(wanted.dataset.id).artifacts)
    params = {**_common(ctx, wanted), "folder": folder, "search": search}
    return ask(ctx, wanted, "measure_preflight", params, SEARCH if search else MEASURE)


def _common(ctx: Context, wanted: Asked) -> dict[str, Any]:
    return {"options": plain(wanted.options), "gpu": _gpu(ctx, wanted)}


def _gpu(ctx: Context, wanted: Asked) -> int | None:
    """The GPU that is asked for, else the first that no job of ours has, else the first; None without GPUs."""
    if wanted.options.gpu is not None:
        return wanted.options.gpu
    present = describe_machine(ctx)["gpus"]
    idle = [gpu["index"] for gpu in present if not gpu.get("job")]
    return next(iter([*idle, *(gpu["index"] for gpu in present)]), None)


def _records(ctx: Context, wanted: Asked) -> int | None:
    """Training images, as far as they are known."""
    counts = ctx.states.get(wanted.dataset.id).artifacts.get("counts") or {}
    return sum(counts.get("train") or ()) or None


def _pixels(ctx: Context, wanted: Asked) -> int:
    """Values of one record."""
    options = job_of(ctx, wanted.dataset).options
    return int(options["channels"]) * int(options["height"]) * int(options["width"])
