"""What the doctor knows of a training: losses, reports, looks at layers, predictions, waits. Plain values."""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOOKS = 30
WAITS = 60
KEPT = 100_000  # losses that are kept beside a checkpoint


@dataclass(frozen=True)
class Report:
    """The values at the end of an epoch or at a validation."""

    step: int
    epoch: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Look:
    """Statistics of layers at a step, each [layers]; ``matrices`` says which weights have two or more dimensions."""

    step: int
    names: Sequence[str]
    values: Mapping[str, NDArray[np.float32]]
    matrices: Sequence[bool] = ()


@dataclass
class History:
    """Grows while a training runs. ``classes`` there are; ``steps`` are planned.

    ``largest_move`` is the largest median update ratio (of the large weights) of all looks but the first.
    """

    classes: int
    steps: int
    step: int = 0
    losses: array[float] = field(default_factory=lambda: array("d"))
    rates: array[float] = field(default_factory=lambda: array("d"))
    reports: list[Report] = field(default_factory=list)
    weights: deque[Look] = field(default_factory=lambda: deque(maxlen=LOOKS))
    activations: deque[Look] = field(default_factory=lambda: deque(maxlen=LOOKS))
    predicted: Sequence[int] = ()
    actual: Sequence[int] = ()
    names: Sequence[str] = ()
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=WAITS))
    augmented: bool = False
    largest_move: float = 0.0

    def add(self, step: int, loss: float, rate: float) -> None:
        """Take note of a step."""
        self.step = step
        self.losses.append(loss)
        self.rates.append(rate)

    def kept(self) -> dict[str, Any]:
        """What a training that goes on later must know: of very long ones, losses and rates evenly thinned."""
        stride = 1 + len(self.losses) // KEPT
        return {
            "losses": list(self.losses[::stride]),
            "rates": list(self.rates[::stride]),
            "largest_move": self.largest_move,
            "reports": [[report.step, report.epoch] for report in self.reports],
        }

    def take(self, kept: Mapping[str, Any], values: Sequence[Mapping[str, float]]) -> None:
        """Go on from what :meth:`kept` gave, and the values of its reports."""
        self.losses.extend(kept.get("losses", ()))
        self.rates.extend(kept.get("rates", ()))
        self.largest_move = float(kept.get("largest_move", 0.0))
        places = kept.get("reports", ())
        self.reports += [Report(int(at[0]), float(at[1]), one) for at, one in zip(places, values, strict=False)]

    def look(self, look: Look, *, weights: bool) -> None:
        """Take note of what was seen of the weights, or of the activations."""
        if not weights:
            self.activations.append(look)
            return
        self.weights.append(look)
        moves = [float(v) for v, large in zip(look.values["update"], look.matrices, strict=True) if large and v == v]
        if moves and look.step > 1:
            self.largest_move = max(self.largest_move, median(moves))

    @property
    def chance(self) -> float:
        """The loss of knowing nothing: ln(classes), nats."""
        return math.log(max(2, self.classes))

    @property
    def early(self) -> float:
        """The mean loss of the first steps."""
        return mean(self.losses[: max(1, min(10, len(self.losses) // 4 or 1))])

    @property
    def late(self) -> float:
        """The mean loss of the last tenth of the steps so far, at least ten."""
        return mean(self.losses[-max(10, len(self.losses) // 10) :])

    @property
    def progress(self) -> float:
        """Share of the planned steps that is done."""
        return self.step / max(1, self.steps)

    @property
    def learns(self) -> bool:
        """Whether enough was seen, and the loss has clearly come down."""
        return len(self.reports) >= 2 and len(self.losses) >= 20 and self.late < 0.9 * self.early

    def series(self, curve: str) -> list[float]:
        """The values of a curve at the reports that have it."""
        return [report.values[curve] for report in self.reports if curve in report.values]

    def typical(self, statistic: str, looks: int = 5) -> float:
        """The median over large weights and the last looks; NaN where there is none."""
        found = [
            float(value)
            for look in [*self.weights][-looks:]
            for value, large in zip(look.values[statistic], look.matrices, strict=True)
            if large and np.isfinite(value)
        ]
        return median(found) if found else math.nan

    def parts(self, count: int) -> list[float]:
        """Mean losses of ``count`` equal stretches of the steps so far; [] where there are too few steps."""
        if len(self.losses) < 4 * count:
            return []
        return [float(np.nanmean(part)) for part in np.array_split(np.frombuffer(self.losses), count)]


def mean(values: Any) -> float:
    """Of the finite values; NaN where there is none."""
    found = [value for value in values if math.isfinite(value)]
    return sum(found) / len(found) if found else math.nan
