"""Sigmoid decay (DIGITS's "sigmoid")."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule


@schedule("sigmoid", "Sigmoid")
@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """1 / (1 + e ** (gamma * (percent - step))): high, then low, with a soft fall around one place."""

    step: Annotated[float, option("Falls around", unit="%", ge=0, le=100)] = 50.0
    gamma: Annotated[float, option("Steepness", "Larger: a sharper fall.", ge=-5, le=5)] = 0.1

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """Half at ``step``."""
        return 1 / (1 + math.exp(self.gamma * (percent - self.step)))
