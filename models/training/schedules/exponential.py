"""Exponential decay (DIGITS's "exp")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule


@schedule("exp", "Exponential")
@dataclass(frozen=True, kw_only=True)
class Exponential:
    """gamma ** percent: the same share is lost with each percent of the training."""

    gamma: Annotated[float, option("Multiply each percent by", gt=0, le=10)] = 0.95

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """From 1 to ``gamma ** 100``."""
        return float(self.gamma**percent)
