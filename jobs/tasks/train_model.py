"""Trains an image classifier on a finished dataset and reports every step, validation and checkpoint."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from data.errors import UserError
from jobs import layers, series
from jobs.confine import confine
from jobs.control import Control
from jobs.folder import JobFolder
from jobs.job import Job, Status

if TYPE_CHECKING:
    from models.train_options import TrainOptions
    from models.training.resume import Begin


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """The task of a model job; artifacts/network.py was written when the job was made.

    Several processes are started by torchrun's launcher; the first of them then writes the events.
    """
    yield {"kind": "progress", "fraction": 0.0, "phase": "Loading PyTorch"}
    if (size := processes(job.options)) > 1:
        from jobs.launch import train_together

        yield {"kind": "progress", "fraction": 0.0, "phase": f"Starting {size} processes"}
        train_together(folder, size)
        return
    yield from train_model(folder, job)


def processes(options: Mapping[str, Any]) -> int:
    """How many processes train: one for each GPU that the job was given, or as many as are wished for on the CPU."""
    given = [number for number in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if number.strip()]
    return max(1, len(given)) if given else int(options.get("processes") or 1)


def train_model(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """One process of the training, the only one or one of several.

    torch is imported here: only workers come this far.
    """
    from data.database import open_dataset
    from data.options import parse
    from data.trainable import require_trainable
    from models.source_loader import naming_lines
    from models.train_options import TrainOptions, completed
    from models.training.driver import wake_driver
    from models.training.loop import train
    from models.training.ranks import together
    from models.training.setup import Order, set_up

    images = folder.path.parent / job.parents[0] / "artifacts"
    dataset = open_dataset(images)
    require_trainable(dataset.kind)
    options = completed(parse(TrainOptions, job.options))
    source = read_source(folder)
    began = max((when for status, when in folder.state().history if status == Status.RUNNING), default=0.0)
    with together() as ranks:
        begin = yield from where_to_begin(folder, options, writes=ranks.first)
        yield from fetch(options, begin)
        earlier = folder.path.parent / options.start_from if options.start_from else None
        wake_driver()
        yield confine(folder, (images, earlier, options.weights_file), programs=options.compile)
        order = Order(
            folder=folder.path,
            dataset=dataset,
            dataset_id=job.parents[0],
            options=options,
            source=source,
            earlier=earlier / "checkpoints" if earlier else None,
            begin=begin,
            steering=Control(folder, begin.handled, began),
            ranks=ranks,
        )
        training = yield from set_up(order)
        with naming_lines(source):
            yield from train(training, begin)


def fetch(options: TrainOptions, begin: Begin) -> Iterator[dict[str, Any]]:
    """Download pretrained weights that are not here yet, while there still is a network. Raises UserError in words."""
    if not options.pretrained or begin.checkpoint:
        return
    from models.weights import zoo

    if not zoo.cached_file(options.pretrained).exists():
        yield {"kind": "progress", "fraction": 0.0, "phase": "Downloading the weights to start from"}
        zoo.download(options.pretrained)


def where_to_begin(
    folder: JobFolder, options: TrainOptions, *, writes: bool = True
) -> Generator[dict[str, Any], None, Begin]:
    """At the start; or where an earlier worker of this job saved last: curves are then cut back to that step.

    A fork begins with the state and the curves of the model that it goes on from. Only a process that ``writes``
    touches the files. Raises UserError.
    """
    from models.training.resume import fork_of, last_state

    begin = last_state(folder.checkpoints, folder.state().acts)
    if begin.checkpoint or series.curves(folder.series):  # an earlier worker has been at it
        if writes:
            series.cut(folder.series, begin.step)
            layers.cut(folder.layers, begin.step)
        epoch = begin.checkpoint.facts["epoch"] if begin.checkpoint else 0.0
        yield {"kind": "resumed", "step": begin.step, "epoch": epoch}
    if begin.checkpoint or not (options.start_from and options.start_state):
        return begin
    earlier = JobFolder(folder.path.parent / options.start_from)
    fork = fork_of(earlier.checkpoints, options.start_checkpoint)
    if writes:
        series.copy(earlier.series, folder.series, fork.step)
    yield {"kind": "note", "text": f"Goes on from step {fork.step:,} of {options.start_from}."}
    return replace(fork, acts=begin.acts, handled=begin.handled)


def read_source(folder: JobFolder) -> str:
    """The network's source as it was when the job was made. Raises UserError where it is gone."""
    try:
        return (folder.artifacts / "network.py").read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"The network's source {folder.artifacts / 'network.py'} cannot be read: {error}.") from error
