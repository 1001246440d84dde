"""Making the models that a search asks for: its worker writes them down, the scheduler turns them into jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.folder import BrokenFolder, JobFolder
from jobs.job import Job
from jobs.store import Store
from jobs.tables import JobRow

TYPE = "sweep"


def spec_path(folder: JobFolder, job_id: str) -> Path:
    """Where a search writes down a model: ``{"job": as job.json, "source": the network's}``."""
    return folder.artifacts / "trials" / f"{job_id}.json"


def make_missing(store: Store, row: JobRow, trials: Mapping[int, Mapping[str, Any]], known: set[str]) -> None:
    """A job for each trial that has none yet; ``known`` are those that were looked at, and grows.

    The owner, visibility and place in the queue are those of the sweep. Raises OSError, BrokenFolder.
    """
    for job_id in [str(trial["id"]) for trial in trials.values() if trial.get("id")]:
        if job_id in known:
            continue
        if not store.folder(job_id).path.exists() and store.get(job_id, anyone=True) is None:
            _make(store, row, job_id)
        known.add(job_id)


def _make(store: Store, row: JobRow, job_id: str) -> None:
    path = spec_path(store.folder(row.id), job_id)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        job, source = Job.from_dict(found["job"]), str(found["source"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenFolder(f"{path} cannot be read: {error!r}") from error

    def prepare(folder: JobFolder) -> None:
        (folder.artifacts / "network.py").write_text(source, encoding="utf-8")

    wanted = replace(job, id=job_id, type="model", task="train_model", owner=row.owner, sweep=row.id)
    made = store.create(wanted, row.visibility, prepare)
    if row.priority:
        store.edit(made.id, priority=row.priority)
