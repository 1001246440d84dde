"""Counts to ``options["steps"]`` with a pause of ``options["pause"]`` seconds a step, and writes a curve."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from jobs.folder import JobFolder
from jobs.job import Job


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """One point and one progress event a step."""
    steps, pause = int(job.options.get("steps", 5)), float(job.options.get("pause", 0.0))
    for step in range(1, steps + 1):
        time.sleep(pause)
        yield {"kind": "points", "step": step, "values": {"train/loss": 1.0 / step}}
        yield {
            "kind": "progress",
            "fraction": step / steps,
            "phase": "Counting",
            "rate": 9.0,
            "unit": "steps",
            "eta": 0.0,
        }
    yield {"kind": "artifact", "name": "counted", "value": steps}
