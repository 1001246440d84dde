"""Learning-rate schedules, one file each: a factor on the base rate as a pure function of the progress. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from data.registry import Registry
from models.parts import Part, registrar

Measured = Sequence[Mapping[str, float]]
"""The values of each report so far ({"val/loss": 0.3, ...}), oldest first; only reduce-on-plateau looks at them."""


class Schedule(Protocol):
    """What a schedule's dataclass has beside its options."""

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """The factor (>= 0) on the base rate when ``percent`` (0..100) of the schedule's part of the run is done."""


schedules: Registry[Part[Schedule]] = Registry("models.training.schedules")
schedule = registrar(schedules)
"""Register a frozen dataclass: its fields are its options, the first line of its docstring is its help."""
