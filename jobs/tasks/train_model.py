"""Trains an image classifier on a finished dataset and reports every step, validation and checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data.errors import UserError
from jobs.folder import JobFolder
from jobs.job import Job


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """The task of a model job; artifacts/network.py was written when the job was made.

    torch is imported here: only workers come this far.
    """
    yield {"kind": "progress", "fraction": 0.0, "phase": "Loading PyTorch"}
    from data.database import open_dataset
    from data.options import parse
    from models.source_loader import naming_lines
    from models.train_options import TrainOptions, completed
    from models.training.loop import train
    from models.training.setup import Order, set_up

    options = completed(parse(TrainOptions, job.options))
    source = read_source(folder)
    order = Order(
        folder=folder.path,
        dataset=open_dataset(folder.path.parent / job.parents[0] / "artifacts"),
        dataset_id=job.parents[0],
        options=options,
        source=source,
        earlier=folder.path.parent / options.start_from / "checkpoints" if options.start_from else None,
    )
    training = yield from set_up(order)
    with naming_lines(source):
        yield from train(training)


def read_source(folder: JobFolder) -> str:
    """The network's source as it was when the job was made. Raises UserError where it is gone."""
    try:
        return (folder.artifacts / "network.py").read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"The network's source {folder.artifacts / 'network.py'} cannot be read: {error}.") from error
