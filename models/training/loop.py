"""The training loop, readable from top to bottom: it yields what happens as job events (docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from models.preprocessing import Normaliser
from models.train_options import TrainOptions
from models.training.augment import Cut, Selections
from models.training.batches import Batch, Images
from models.training.groups import set_rate
from models.training.meter import Event, Meter
from models.training.metrics import Tally, scores
from models.training.plan import Plan
from models.training.schedule import learning_rate
from models.training.threads import Threads
from models.weights.freezing import NOTHING_FROZEN, Frozen, training_mode

Save = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Event]
"""``save(name, facts, state)`` writes a checkpoint and returns the event that says so."""


@dataclass(frozen=True)
class Training:
    """All that one training works with; the model, its optimizer and the images are on ``device``."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    normalise: Normaliser
    train: Images
    val: Images | None
    cut: Cut
    plan: Plan
    options: TrainOptions
    classes: int
    device: torch.device
    save: Save
    frozen: Frozen = NOTHING_FROZEN


def train(training: Training, start: int = 0) -> Iterator[Event]:
    """Train from ``start`` updates to the end of the plan. Raises UserError where the loss diverges."""
    model, optimizer, plan, options = training.model, training.optimizer, training.plan, training.options
    meter = Meter(plan, training.device, start)
    threads = Threads(training.device)
    batches = training.train.batches(selections_of(training).after(start, plan.steps_per_epoch))

    training_mode(model, training.frozen)
    for step in range(start + 1, plan.steps + 1):
        pixels, labels = next(batches)
        rate = learning_rate(options, (step - 1) / plan.steps)
        set_rate(optimizer, rate)

        logits = scores(model(training.normalise(pixels)), training.classes)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

        meter.add(rate, loss, logits, labels)
        yield from meter.events()
        threads.adapt()

        if step in plan.reports or step in plan.checkpoints:
            yield from meter.points()
            yield from pause(training, meter, step)
    yield from meter.speak("Training")


def pause(training: Training, meter: Meter, step: int) -> Iterator[Event]:
    """Between two steps: validate, report and save, whatever the plan has for ``step``."""
    plan = training.plan
    meter.pause()
    values: dict[str, float] = {}
    if step in plan.validations and training.val is not None:
        values = yield from validate(training, meter)
        yield {"kind": "points", "step": step, "values": values}
    if step in plan.reports:
        values = {**meter.averages(), **values}
        yield {"kind": "metrics", "step": step, "epoch": plan.epoch(step), "values": values}
    if step in plan.checkpoints:
        facts = {"step": step, "epoch": plan.epoch(step), "values": values}
        yield training.save(plan.checkpoints[step], facts, state_of(training, step))
    meter.resume(validated=step in plan.validations)


def validate(training: Training, meter: Meter) -> Generator[Event, None, dict[str, float]]:
    """Loss and accuracy on the validation images, cut in the middle; returns them by the names of their curves."""
    images, size = training.val, 2 * training.plan.batch_size
    if images is None:
        return {}
    yield from meter.speak("Validating")
    whole = training.cut.middle(len(images))
    parts = (whole.part(first, first + size) for first in range(0, len(images), size))
    tally = Tally(training.classes)
    training.model.eval()
    for batch in images.batches(parts):
        measure(training, tally, batch)
        yield from meter.alive("Validating")
    training_mode(training.model, training.frozen)
    return tally.values()


@torch.inference_mode()
def measure(training: Training, tally: Tally, batch: Batch) -> None:
    """Count one validation batch. A function of its own, because a mode must not stay on across a yield."""
    pixels, labels = batch
    tally.add(scores(training.model(training.normalise(pixels)), training.classes), labels)


def selections_of(training: Training) -> Selections:
    """Which images each step gets."""
    options = training.options
    size = training.plan.batch_size
    return Selections(training.cut, len(training.train), size, options.seed or 0, options.flip)


def state_of(training: Training, step: int) -> dict[str, Any]:
    """What is needed to go on exactly from here; the order of the images follows from seed and step alone."""
    return {
        "format": 1,
        "step": step,
        "optimizer": training.optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "random_gpu": torch.cuda.get_rng_state_all() if training.device.type == "cuda" else [],
    }
