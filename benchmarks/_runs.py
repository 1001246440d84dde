"""Homes with many runs for benchmarks: job folders with curves as trainings leave them, made in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from jobs import series
from jobs.folder import EventLog
from jobs.job import Job, new_id
from jobs.store import Store
from jobs.summary import Summary

BEGAN = 1_700_000_000.0


def noisy(points: int, seed: int) -> series.Points:
    """A falling curve with noise: one point a step, a hundredth of a second apart."""
    made = np.empty(points, series.POINT)
    steps = np.arange(1, points + 1)
    made["step"], made["wall"] = steps, BEGAN + steps * 0.01
    random = np.random.default_rng(seed)
    made["value"] = (2 + seed % 7) * np.exp(-steps / (points / (4 + seed % 5))) + 0.05 + 0.05 * random.random(points)
    return made


def fill(home: Path, runs: int, curves: Iterable[str], points: int) -> list[str]:
    """Make runs in a home (whose server does not run yet); ids in the order made."""
    store, names = Store(home), list(curves)
    ids = []
    for number in range(runs):
        options = {"network": "lenet", "dataset": "", "learning_rate": 0.1 / (1 + number % 10), "seed": number}
        job = Job(new_id(), "model", "train_model", f"run {number}", options, created=BEGAN + number)
        row = store.create(job)
        folder = store.folder(row.id)
        folder.series.mkdir(exist_ok=True)
        for index, curve in enumerate(names):
            noisy(points, number * len(names) + index).tofile(series.path_of(folder.series, curve))
        log = EventLog(folder.events_path)
        log.append("status", status="Running")
        log.append("metrics", step=points, epoch=10.0, values={})
        log.append("status", status="Done")
        state = folder.state()
        store.record(row.id, state, Summary(folder).update(state, final=True))
        ids.append(row.id)
    store.close()
    return ids
