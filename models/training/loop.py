"""The training loop, readable from top to bottom: it yields what happens as job events (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import nn

from data.errors import UserError
from models.train_options import TrainOptions
from models.training.augment import Cut, Selections
from models.training.batches import Batch, Images
from models.training.diary import Diarist
from models.training.meter import Event
from models.training.metrics import Tally
from models.training.plan import Plan
from models.training.probe import Probe
from models.training.ranks import ALONE, Ranks
from models.training.resume import AT_THE_START, Begin
from models.training.run import Run
from models.training.saving import Keeper
from models.training.steering import NOBODY, Steering
from models.training.threads import Threads
from models.training.update import Updater
from models.training.watching import Watcher
from models.weights.freezing import NOTHING_FROZEN, Frozen, training_mode


@dataclass(frozen=True)
class Training:
    """All that one training works with; the model, its optimizer and the images are on ``device``.

    ``names`` are the classes'; ``hard``: augmentation makes the training images much harder than the others.
    """

    model: nn.Module
    updater: Updater
    train: Images
    val: Images | None
    cut: Cut
    plan: Plan
    options: TrainOptions
    classes: int
    device: torch.device
    keeper: Keeper
    watcher: Watcher
    names: Sequence[str] = ()
    hard: bool = False
    frozen: Frozen = NOTHING_FROZEN
    steering: Steering = NOBODY
    ranks: Ranks = ALONE
    diary: Diarist | None = None
    probe: Probe | None = None


def train(training: Training, begin: Begin = AT_THE_START) -> Iterator[Event]:
    """Train from where ``begin`` is to the end of the plan. Raises UserError where the loss diverges."""
    run = Run(training, begin)
    try:
        yield from steps(training, run)
    except UserError:
        yield from run.examine(last=True)  # the doctor says why
        raise
    finally:
        run.write_diary(now=True)


def steps(training: Training, run: Run) -> Iterator[Event]:
    """The loop itself."""
    threads = Threads(training.device, fixed=training.options.deterministic)
    diary, selections = training.diary, selections_of(training).after(run.step, run.plan.steps_per_epoch)
    batches = training.train.batches(diary.follow(selections) if diary else selections)
    training_mode(training.model, training.frozen)
    yield from run.begin()

    while run.goes_on:
        asked = perf_counter()
        batch = next(batches)
        run.meter.waited(perf_counter() - asked)

        step, rate = run.step + 1, run.course.rate(run.step + 1)
        watcher = training.watcher if training.watcher.due(step) else None
        loss, right = training.updater(batch, rate, step, watcher)
        run.step = step
        if diary:
            diary.stepped(step)

        run.meter.add(rate, run.plan.size(step), loss, right)
        yield from run.meter.events()
        if watcher is not None:
            yield from run.look(watcher.after(step))
        threads.adapt()

        if step in run.plan.reports or step in run.plan.checkpoints:
            yield from run.report(validate)
        yield from run.steer(validate)
    yield from run.end()


def validate(training: Training, run: Run) -> Generator[Event, None, dict[str, float]]:
    """Loss and accuracy on the validation images, cut in the middle; returns them by the names of their curves.

    Where the weights are averaged, the average is what is validated.
    """
    images, size = training.val, 2 * run.plan.batch_size
    if images is None:
        return {}
    yield from run.meter.speak("Validating")
    whole = training.cut.middle(len(images))
    ranks = training.ranks
    firsts = range(ranks.rank * size, len(images), ranks.size * size)
    parts = (whole.part(first, first + size) for first in firsts)
    tally = Tally(training.classes)
    training.model.eval()
    with training.updater.averaged():
        ranks.alike(training.model)
        for batch in images.batches(parts):
            measure(training, tally, batch)
            yield from run.meter.alive("Validating")
        seen = training.probe.look(images, whole, size) if training.probe else {}
    tally.add_up(ranks, training.device)
    training_mode(training.model, training.frozen)
    run.history.predicted, run.history.actual = tally.shares()
    matrix = tally.confusion()
    if training.probe:
        training.probe.keep(run.step, run.plan.epoch(run.step), seen, matrix)
    if matrix is not None:
        known = {"step": run.meter.step, "epoch": run.plan.epoch(run.meter.step), "matrix": matrix}
        yield {"kind": "artifact", "name": "confusion", "value": known}
    return tally.values()


@torch.inference_mode()
def measure(training: Training, tally: Tally, batch: Batch) -> None:
    """Count one validation batch. A function of its own, because a mode must not stay on across a yield."""
    pixels, labels = batch
    with training.updater.casting():
        logits = training.updater.logits(pixels)
    tally.add(logits.float(), labels)


def selections_of(training: Training) -> Selections:
    """Which images each step gets."""
    options = training.options
    size = training.plan.images
    labels = training.train.numbers() if options.sampler == "balanced" else None
    return Selections(training.cut, len(training.train), size, options.seed or 0, options.flip, labels, training.ranks)
