"""The learning-rate finder: a short real run whose rate rises exponentially (Smith 2015, "Cyclical learning rates").

Where the loss falls most steeply the rate is about right; where it turns up again it is too high.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.training.loop import Training, selections_of

LOW, HIGH, STEPS = 1e-6, 10.0, 100
MEMORY = 0.95  # of the smoothed loss, from step to step
ABSURD = 4.0
"""The run ends when the smoothed loss is so many times the best one."""


@dataclass(frozen=True)
class Found:
    """Loss against rate, smoothed too, and the ``suggestion`` (None where the loss never came down) with its reason."""

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None
    why: str


def find_rate(training: Training, steps: int = STEPS, low: float = LOW, high: float = HIGH) -> Found:
    """Train for at most ``steps`` steps; the model is spoilt afterwards."""
    batches = training.train.batches(selections_of(training).after(0, training.plan.steps_per_epoch))
    rates: list[float] = []
    losses: list[float] = []
    training.model.train()
    for step, rate in enumerate(exponential(low, high, steps), 1):
        loss, _ = training.updater(next(batches), rate, step)
        rates.append(rate)
        losses.append(loss.item())
        if ends(smooth(losses)):
            break
    smoothed = smooth(losses)
    suggestion, why = suggest(rates, smoothed)
    return Found(rates, losses, smoothed, suggestion, why)


def exponential(low: float, high: float, steps: int) -> Iterator[float]:
    """Rates from ``low`` to ``high`` at equal factors."""
    for step in range(steps):
        yield low * (high / low) ** (step / max(1, steps - 1))


def smooth(losses: Sequence[float]) -> list[float]:
    """An exponentially weighted mean without the bias of its beginning; from the first NaN on everything is NaN."""
    mean, result = 0.0, []
    for count, loss in enumerate(losses, 1):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        result.append(mean / (1 - MEMORY**count))
    return result


def ends(smoothed: Sequence[float]) -> bool:
    """Whether the loss has left the region of interest."""
    last = smoothed[-1]
    return not math.isfinite(last) or (len(smoothed) > 10 and last > ABSURD * min(smoothed))


def suggest(rates: Sequence[float], smoothed: Sequence[float]) -> tuple[float | None, str]:
    """The rate at which the smoothed loss falls most steeply, before it is lowest; and the reason in a sentence."""
    good = [index for index, loss in enumerate(smoothed) if math.isfinite(loss)]
    if len(good) < 10:
        return None, "The loss left all bounds at once: start from a much smaller rate."
    lowest = min(good, key=lambda index: smoothed[index])
    if smoothed[lowest] > 0.98 * smoothed[good[0]]:
        return None, "The loss did not come down at any rate: more steps, or another network, may tell more."
    reach = range(2, max(3, lowest - 1))
    steepest = min(reach, key=lambda index: smoothed[index + 2] - smoothed[index - 2])
    rate = rates[steepest]
    return rate, (
        f"The loss falls most steeply around {rate:.2g} and is lowest at {rates[lowest]:.2g}, beyond which it rises or "
        f"stalls; a rate of {rate:.2g} leaves room below that."
    )
