"""Cosine decay without restarts (Loshchilov, Hutter: SGDR, 2016, eq. 5 with one cycle)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule


def half_wave(share: float, low: float) -> float:
    """From 1 at ``share`` 0 down to ``low`` at 1, along half a cosine wave."""
    return low + (1 - low) * (1 + math.cos(math.pi * min(1.0, max(0.0, share)))) / 2


@schedule("cosine", "Cosine")
@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Half a cosine wave: slow at first, quickest in the middle, slow again at the end. A good first choice."""

    low: Annotated[float, option("Falls to", "Share of the base rate at the end.", ge=0, le=1, advanced=True)] = 0.0

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """From 1 to ``low``."""
        return half_wave(percent / 100, self.low)
