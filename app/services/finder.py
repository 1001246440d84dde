"""Finding a learning rate: a short real run of the form's network on its dataset, by a warm inspector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from app.services.asked import ask, asked
from app.services.context import Conflict, Context, require
from data.options import plain
from jobs.job import Status
from jobs.permissions import Principal

DEADLINE = 180.0
STEPS = 100


def find_rate(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """``rates``, ``losses``, ``smoothed`` (null where not finite), ``suggestion`` (or null) and ``why``.

    Raises the errors of making such a model, and Conflict while the dataset is not finished.
    """
    who = require(who, "create")
    wanted = asked(ctx, who, values)
    if wanted.dataset.status != Status.DONE.value:
        raise Conflict(f"{wanted.dataset.name} is not finished: a rate can be found once it is.")
    start = wanted.options.start_from
    params = {
        "options": plain(wanted.options),
        "dataset": str(ctx.store.folder(wanted.dataset.id).artifacts),
        "earlier": str(ctx.store.folder(start).checkpoints) if start else None,
        "steps": STEPS,
    }
    found = ask(ctx, wanted, "find_rate", params, DEADLINE)
    return {key: _finite(value) if isinstance(value, list) else value for key, value in found.items()}


def _finite(values: list[Any]) -> list[float | None]:
    return [value if value is not None and math.isfinite(value) else None for value in values]
