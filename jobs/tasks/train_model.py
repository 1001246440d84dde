"""Trains an image classifier on a finished dataset and reports every step, validation and checkpoint."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from jobs.folder import JobFolder, write_json
from jobs.job import Job


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """The task of a model job. torch is imported here: only workers come this far."""
    yield {"kind": "progress", "fraction": 0.0, "phase": "Loading PyTorch"}
    from data.database import open_dataset
    from data.options import parse
    from models.train_options import TrainOptions
    from models.training.prepare import prepare

    options = parse(TrainOptions, job.options)
    dataset = open_dataset(folder.path.parent / job.parents[0] / "artifacts")
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    training, notes = prepare(folder.path, dataset, options, job.parents[0], seed)
    write_json(folder.artifacts / "model.json", training.description["model"])
    for note in notes:
        yield {"kind": "note", "text": note}
    yield {
        "kind": "artifact",
        "name": "model",
        "value": {**training.description["model"], "seed": seed, "batch_size": training.batch},
    }
    yield from training.run()
