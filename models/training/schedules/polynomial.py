"""Polynomial decay to zero (DIGITS's "poly")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule


@schedule("poly", "Polynomial")
@dataclass(frozen=True, kw_only=True)
class Polynomial:
    """(1 - percent / 100) ** power: reaches zero at the end; power 1 is a straight line."""

    power: Annotated[float, option("Power", gt=0, le=100)] = 3.0

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """From 1 to 0."""
        return float(max(0.0, 1 - percent / 100) ** self.power)
