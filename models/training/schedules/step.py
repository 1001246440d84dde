"""Step: the rate falls at once whenever another share of the training is done (DIGITS's "step")."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule


@schedule("step", "Step down")
@dataclass(frozen=True, kw_only=True)
class Step:
    """gamma ** floor(percent / step): falls at once whenever another share of the training is done."""

    percent: Annotated[
        float, option("Step every", "Share of the training after which the rate falls.", unit="%", gt=0, le=100)
    ] = 33.0
    gamma: Annotated[float, option("Multiply by", gt=0, le=1000)] = 0.1

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """A billionth is added because 3 * 33.3 / 33.3 may come out as 2.9999999999999996."""
        return self.gamma ** math.floor(percent / self.percent + 1e-9)
