"""The training loop, readable from top to bottom; it yields what happens as job events (docs/architecture.md)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data.errors import UserError
from data.progress import Progress
from models.train_options import TrainOptions
from models.training import checkpoint
from models.training.batches import Records
from models.training.metrics import validate
from models.training.optimizers import make_optimizer
from models.training.plan import StepPlan, make_plan
from models.training.preprocessing import Preprocessing
from models.training.schedule import learning_rate
from models.training.system import SystemLoad
from models.training.threads import Threads

Event = dict[str, Any]
REPORT_STEPS, REPORT_SECONDS = 50, 0.25


@dataclass
class Training:
    """All that one training works with. ``description`` goes into every checkpoint; ``batch`` and ``seed`` are set."""

    network: nn.Module
    options: TrainOptions
    train: Records
    val: Records | None
    preprocessing: Preprocessing
    classes: int
    batch: int
    seed: int
    device: torch.device
    folder: Path
    description: dict[str, Any]

    def run(self) -> Iterator[Event]:
        """Train to the end. Raises UserError where the loss is no longer finite."""
        plan = make_plan(self.options, len(self.train), self.batch)
        optimizer = make_optimizer(self.options, self.network)
        report = _Report(plan, self.batch, SystemLoad(self.device))
        threads = Threads() if self.device.type == "cpu" else None
        values: dict[str, float] = {}
        self.network.train()
        for step, (images, labels) in enumerate(self._batches(plan), 1):
            rate = learning_rate(self.options, (step - 1) / plan.total)
            for group in optimizer.param_groups:
                group["lr"] = rate
            logits = self.network(self.preprocessing.augmented(images, self.options.flip, self._generator))
            loss = F.cross_entropy(logits, labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            report.add(step, rate, loss.detach(), (logits.detach().argmax(1) == labels).sum(), len(labels))
            if threads:
                threads.adjust()
            if report.due():
                yield from report.events()
            if plan.validates(step) or plan.saves(step):
                yield from report.events()
                if plan.validates(step) and self.val is not None:
                    yield {**report.progress("Validating"), "eta": report.eta()}
                    values = validate(
                        self.network, self.val.in_order(self._val_batch()), self.preprocessing, self.classes
                    )
                    yield {"kind": "points", "step": step, "values": values}
                yield {
                    "kind": "metrics",
                    "step": step,
                    "epoch": plan.epoch(step),
                    "values": {**report.means(), **values},
                }
                if plan.saves(step):
                    yield self._save(step, plan, optimizer, values)
                report.resume()

    def _batches(self, plan: StepPlan) -> Iterator[tuple[Tensor, Tensor]]:
        """``plan.total`` batches: each epoch in a new order that follows from the seed and the epoch alone."""
        self._generator = torch.Generator().manual_seed(self.seed)
        for epoch in range(math.ceil(plan.total / plan.per_epoch)):
            order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(self.seed + 1 + epoch))
            steps = min(plan.per_epoch, plan.total - epoch * plan.per_epoch)
            yield from self.train.epoch(self.batch, order[: steps * self.batch])

    def _val_batch(self) -> int:
        return max(self.batch, 256) if self.device.type == "cpu" else max(self.batch, 64)

    def _save(self, step: int, plan: StepPlan, optimizer: torch.optim.Optimizer, values: dict[str, float]) -> Event:
        """Write a checkpoint and the state to go on from; the event that says so."""
        epoch = plan.epoch(step)
        name = f"epoch-{epoch:06.2f}" if epoch == round(epoch, 2) else f"epoch-{epoch:06.2f}-step-{step}"
        finite = {key: value for key, value in values.items() if math.isfinite(value)}
        facts = {"name": name, "step": step, "epoch": epoch, "values": finite}
        size = checkpoint.save(self.folder, name, self.network, {**facts, **self.description})
        state = {"optimizer": optimizer.state_dict(), "random": torch.get_rng_state(), "step": step, "epoch": epoch}
        checkpoint.save_state(self.folder, name, {**state, "augmentation": self._generator.get_state()})
        return {"kind": "checkpoint", **facts, "bytes": size}


class _Report:
    """Gathers step metrics on the device and hands them out in batches, so that no step waits for a number."""

    def __init__(self, plan: StepPlan, batch: int, load: SystemLoad) -> None:
        self._plan, self._load = plan, load
        self._progress = Progress(plan.total, "steps")
        self._pending: list[tuple[int, float, Tensor, Tensor, int]] = []
        self._spoke = time.monotonic()
        self._batch = batch
        self._sum_loss, self._sum_right, self._seen = 0.0, 0, 0
        self._rate = 0.0

    def add(self, step: int, rate: float, loss: Tensor, right: Tensor, n: int) -> None:
        self._pending.append((step, rate, loss, right, n))

    def due(self) -> bool:
        return len(self._pending) >= REPORT_STEPS or time.monotonic() - self._spoke >= REPORT_SECONDS

    def events(self) -> Iterator[Event]:
        """Points of the steps since the last call, and the progress. Raises UserError where a loss is not finite."""
        if not self._pending:
            return
        losses = torch.stack([item[2] for item in self._pending]).float().tolist()
        rights = torch.stack([item[3] for item in self._pending]).tolist()
        now = time.monotonic()
        images = sum(item[4] for item in self._pending)
        self._rate, self._spoke = images / max(now - self._spoke, 1e-6), now
        for (step, rate, _, _, n), loss, right in zip(self._pending, losses, rights, strict=True):
            if not math.isfinite(loss):
                raise diverged(step, loss)
            self._sum_loss, self._sum_right, self._seen = (
                self._sum_loss + loss * n,
                self._sum_right + right,
                self._seen + n,
            )
            values = {"train/loss": loss, "train/accuracy": right / n, "learning_rate": rate}
            yield {"kind": "points", "step": step, "values": values}
        extra = {"samples_per_second": self._rate, **self._load.read()}
        yield {"kind": "points", "step": self._pending[-1][0], "values": extra}
        if self._progress.add(len(self._pending)):
            yield self.progress("Training")
        self._pending.clear()

    def progress(self, phase: str) -> Event:
        """Progress with the rate in images/s."""
        event = self._progress.event(phase)
        epoch = self._plan.epoch(self._progress.done)
        words = f"{phase}, epoch {epoch:.2f} of {self._plan.total / self._plan.per_epoch:g}"
        return {**event, "phase": words, "rate": event["rate"] * self._batch, "unit": "images"}

    def eta(self) -> float | None:
        """Seconds left."""
        left: float | None = self._progress.event("")["eta"]
        return left

    def means(self) -> dict[str, float]:
        """Training loss and accuracy over all images since the last call."""
        seen = max(1, self._seen)
        means = {"train/loss": self._sum_loss / seen, "train/accuracy": self._sum_right / seen}
        self._sum_loss, self._sum_right, self._seen = 0.0, 0, 0
        return means

    def resume(self) -> None:
        """Training goes on after a validation: its time is not the steps'."""
        self._spoke = time.monotonic()


def diverged(step: int, loss: float) -> UserError:
    """What to say when the loss is NaN or infinite."""
    word = "not a number (NaN)" if math.isnan(loss) else "infinite"
    return UserError(
        f"The loss became {word} at step {step}: the training has diverged.",
        hint="Try decreasing your learning rate; a smaller batch or subtracting the mean may help too.",
    )


def describe(options: TrainOptions) -> dict[str, Any]:
    """The options as a checkpoint records them."""
    return asdict(options)
