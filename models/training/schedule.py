"""Learning-rate schedules: pure functions of the progress, the formulas and names of DIGITS. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Callable

from models.train_options import TrainOptions

Schedule = Callable[[TrainOptions, float], float]
"""``schedule(options, percent)``: the factor on the base rate when ``percent`` (0..100) of the training is done."""


def fixed(_options: TrainOptions, _percent: float) -> float:
    """The base rate from the first step to the last."""
    return 1.0


def step(options: TrainOptions, percent: float) -> float:
    """gamma ** floor(percent / step): falls at once whenever another ``step_percent`` is done."""
    # A billionth is added because 3 * 33.3 / 33.3 may come out as 2.9999999999999996.
    return options.step_gamma ** math.floor(percent / options.step_percent + 1e-9)


SCHEDULES: dict[str, Schedule] = {"fixed": fixed, "step": step}
"""Every value of ``TrainOptions.schedule`` and its function."""


def learning_rate(options: TrainOptions, progress: float) -> float:
    """The rate when ``progress`` (0..1) of all steps is done; ``options.learning_rate`` must have been filled in."""
    if options.learning_rate is None:
        raise ValueError("complete the options first: the base learning rate is still blank")
    return options.learning_rate * SCHEDULES[options.schedule](options, 100 * progress)
