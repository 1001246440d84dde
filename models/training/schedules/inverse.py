"""Inverse decay (DIGITS's and Caffe's "inv")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule


@schedule("inv", "Inverse decay")
@dataclass(frozen=True, kw_only=True)
class Inverse:
    """(1 + gamma * percent) ** -power: quick at first, then ever slower."""

    gamma: Annotated[float, option("Gamma", ge=0, le=1e6)] = 0.1
    power: Annotated[float, option("Power", ge=0, le=100)] = 0.5

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """From 1 to ``(1 + 100 gamma) ** -power``."""
        return float((1 + self.gamma * percent) ** -self.power)
