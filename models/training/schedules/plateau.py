"""Reduce on plateau: the rate falls when validation gets no better, by the rules of torch's ReduceLROnPlateau."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from data.options import option
from models.training.schedules import Measured, schedule


@schedule("plateau", "When it stops improving")
@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Falls whenever validation has not got better for some time, so its plan follows the results."""

    curve: Annotated[
        Literal["val/loss", "val/accuracy", "train/loss"],
        option(
            "Watch",
            labels={
                "val/loss": "Validation loss",
                "val/accuracy": "Validation accuracy",
                "train/loss": "Training loss",
            },
        ),
    ] = "val/loss"
    patience: Annotated[
        int, option("Patience", "So many reports without improvement are let pass.", unit="reports", ge=0, le=10_000)
    ] = 10
    gamma: Annotated[float, option("Multiply by", gt=0, lt=1)] = 0.1
    threshold: Annotated[
        float, option("Counts as better", "Relative to the best so far.", ge=0, lt=1, advanced=True)
    ] = 1e-4
    cooldown: Annotated[int, option("Rest after a fall", unit="reports", ge=0, le=10_000, advanced=True)] = 0
    low: Annotated[float, option("Never below", "Share of the base rate.", ge=0, le=1, advanced=True)] = 0.0

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """``gamma`` to the number of times that patience ran out over the reports so far."""
        return max(self.low, self.gamma ** self.falls(measured))

    def falls(self, measured: Measured) -> int:
        """How many times the rate has fallen. Reports without the watched curve are passed over."""
        sign = -1.0 if self.curve == "val/accuracy" else 1.0
        best, bad, rest, falls = math.inf, 0, 0, 0
        for values in measured:
            if (found := values.get(self.curve)) is None:
                continue
            value = sign * found
            better = value < best - self.threshold * abs(best) if math.isfinite(best) else value < best
            best, bad = (value, 0) if better else (best, bad + 1)
            if rest:
                rest, bad = rest - 1, 0
            if bad > self.patience:
                falls, bad, rest = falls + 1, 0, self.cooldown
        return falls
