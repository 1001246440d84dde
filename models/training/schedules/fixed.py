"""Fixed: one rate for the whole training."""

from __future__ import annotations

from dataclasses import dataclass

from models.training.schedules import Measured, schedule


@schedule("fixed", "Fixed")
@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The base rate from the first step to the last."""

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """1, whatever is done."""
        return 1.0
