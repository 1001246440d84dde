"""The learning rate of each step: the schedule, what was measured so far, and changes made by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from models.train_options import TrainOptions
from models.training.schedule import learning_rate


@dataclass(frozen=True)
class Change:
    """From the step after ``step`` on the schedule is multiplied by ``scale``."""

    step: int
    scale: float


@dataclass
class Course:
    """``rate(step)`` is what step ``step`` (from 1) of ``steps`` learns with; ``measured`` grows with every report."""

    options: TrainOptions
    steps: int
    measured: list[Mapping[str, float]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def rate(self, step: int) -> float:
        """The planned rate, times what was changed by hand before this step."""
        return self.planned(step) * self.scale(step)

    def planned(self, step: int) -> float:
        """The schedule's own rate."""
        return learning_rate(self.options, (step - 1) / self.steps, self.measured)

    def scale(self, step: int) -> float:
        """The latest change before ``step``."""
        return next((change.scale for change in reversed(self.changes) if change.step < step), 1.0)

    def change(self, step: int, rate: float) -> Change:
        """Let the next step have ``rate``, and the schedule keep its shape from there."""
        planned = self.planned(step + 1)
        scale = rate / planned if planned > 0 else 1.0
        self.changes.append(Change(step, scale if math.isfinite(scale) else 1.0))
        return self.changes[-1]
