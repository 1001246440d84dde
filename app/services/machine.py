"""The machine as the scheduler last saw it: GPUs with load and foreign processes, CPU load, slots in use."""

from __future__ import annotations

import json
import time
from typing import Any

from app.services.context import Context

STALE_AFTER = 10.0
"""Seconds without a new reading after which the scheduler is taken to be down."""


def describe(ctx: Context) -> dict[str, Any]:
    """The last reading of home/machine.json; ``stale`` is True where the scheduler has not written for 10 s."""
    try:
        found: dict[str, Any] = json.loads((ctx.settings.home / "machine.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"gpus": [], "cpu": {}, "updated": None, "stale": True}
    updated = found.get("time") or found.get("updated")
    stale = updated is None or time.time() - float(updated) > STALE_AFTER
    return {"gpus": [], "cpu": {}, **found, "updated": updated, "stale": stale}


def gpu_count(ctx: Context) -> int:
    """GPUs that jobs may ask for."""
    return len(describe(ctx)["gpus"])
