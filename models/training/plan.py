"""When a training takes which step: pure arithmetic on epochs, batches and intervals. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.train_options import TrainOptions


@dataclass(frozen=True)
class Plan:
    """Steps count optimizer updates from 1; ``checkpoints`` maps a step to the name of the checkpoint after it.

    A step takes ``images`` images, in batches of ``batch_size``.
    """

    steps: int
    steps_per_epoch: int
    records: int
    batch_size: int
    images: int
    validations: frozenset[int]
    reports: frozenset[int]
    checkpoints: Mapping[int, str]

    def epoch(self, step: int) -> float:
        """Epochs done after ``step``."""
        return step / self.steps_per_epoch

    def size(self, step: int) -> int:
        """How many images ``step`` takes: fewer where an epoch ends."""
        return min(self.images, self.records - (step - 1) % self.steps_per_epoch * self.images)


def make_plan(options: TrainOptions, records: int, *, validates: bool, ranks: int = 1) -> Plan:
    """The plan for ``records`` training images and ``ranks`` processes; ``options.batch_size`` must be filled in.

    ``reports`` are the steps after which a metrics event is due: the validations, or the epochs where there are none.
    """
    if options.batch_size is None:
        raise ValueError("complete the options first: the batch size is still blank")
    images = options.batch_size * options.accumulation
    each = steps_per_epoch(records, images, least=2 * ranks)
    steps = max(1, round(options.epochs * each))
    validations = every(options.validation_interval, each, steps) if validates else []
    checkpoints = every(options.checkpoint_interval, each, steps) or [steps]
    return Plan(
        steps=steps,
        steps_per_epoch=each,
        records=records,
        batch_size=options.batch_size,
        images=images,
        validations=frozenset(validations),
        reports=frozenset(validations or every(1, each, steps)),
        checkpoints=checkpoint_names(checkpoints, each),
    )


def steps_per_epoch(records: int, images: int, least: int = 2) -> int:
    """Steps of ``images`` images in an epoch, the last one smaller; one of fewer than ``least`` images is left out.

    Batch normalization cannot learn from a single image (of each process), and the next epoch's order brings those
    images in.
    """
    whole, rest = divmod(records, images)
    return whole + (1 if rest >= least or whole == 0 else 0)


def every(interval: float, steps_per_epoch: int, steps: int) -> list[int]:
    """The steps nearest to every multiple of ``interval`` epochs, and the last step; none for interval 0."""
    if interval <= 0:
        return []
    stride = max(1.0, interval * steps_per_epoch)  # finer than a step means after every step
    marks = {round(number * stride) for number in range(1, int(steps / stride) + 1)}
    return sorted({mark for mark in marks if mark < steps} | {steps})


def checkpoint_names(steps: list[int], steps_per_epoch: int) -> dict[int, str]:
    """``epoch-00.50`` for the checkpoint after half an epoch; more digits only where two would have the same name."""
    for digits in range(2, 9):
        names = {step: f"epoch-{step / steps_per_epoch:0{digits + 3}.{digits}f}" for step in steps}
        if len(set(names.values())) == len(names):
            break
    return names
