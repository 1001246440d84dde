"""Cosine decay with warm restarts (Loshchilov, Hutter: SGDR, 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from data.options import option
from models.training.schedules import Measured, schedule
from models.training.schedules.cosine import half_wave


@schedule("restarts", "Cosine with restarts")
@dataclass(frozen=True, kw_only=True)
class Restarts:
    """Several cosine waves one after another; at the start of each the rate jumps up again."""

    cycles: Annotated[int, option("Cycles", ge=1, le=1000)] = 4
    longer: Annotated[
        float, option("Each longer by", "2: each cycle is twice the one before.", unit="×", ge=1, le=10)
    ] = 1.0
    peak: Annotated[float, option("Each peak times", "1: every cycle starts at the base rate.", gt=0, le=1)] = 1.0
    low: Annotated[float, option("Falls to", "Share of the base rate.", ge=0, le=1, advanced=True)] = 0.0

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """The last cycle ends with the training."""
        lengths = [self.longer**number for number in range(self.cycles)]
        place = percent / 100 * sum(lengths)
        for number, length in enumerate(lengths):
            if place < length * (1 - 1e-12) or number == self.cycles - 1:
                return float(self.peak**number * half_wave(place / length, self.low))
            place = max(0.0, place - length)
        return self.low
