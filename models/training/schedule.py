"""The learning rate at any progress: base rate, schedule, and a warm-up in front of it. Pure, and free of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.training.schedules import Measured, Schedule, schedules
from models.training.schedules.cosine import half_wave

if TYPE_CHECKING:
    from models.train_options import TrainOptions

LARGEST = 1e30
"""No rate is larger: a schedule that multiplies often enough would leave the range of numbers."""
POINTS = 201
"""Points of a projected curve as the form draws it."""


def learning_rate(options: TrainOptions, progress: float, measured: Measured = ()) -> float:
    """The rate when ``progress`` (0..1) of all steps is done; ``options.learning_rate`` must have been filled in.

    ``measured`` are the values of the reports so far, for schedules that follow them.
    """
    if options.learning_rate is None:
        raise ValueError("complete the options first: the base learning rate is still blank")
    try:
        return min(options.learning_rate * factor(options, 100 * progress, measured), LARGEST)
    except OverflowError:
        return LARGEST


def factor(options: TrainOptions, percent: float, measured: Measured = ()) -> float:
    """Warm-up and schedule as one factor on the base rate; the schedule's own 0..100 % is what the warm-up leaves."""
    policy = policy_of(options)
    share = options.warmup_percent if options.warmup != "none" else 0.0
    if percent < share:
        low, way = options.warmup_start, percent / share
        rise = low + (1 - low) * way if options.warmup == "linear" else half_wave(1 - way, low)
        return rise * policy.factor(0.0, measured)
    return policy.factor(percent if share <= 0 else 100 * (percent - share) / (100 - share), measured)


def policy_of(options: TrainOptions) -> Schedule:
    """The schedule that the options name, with its own options. Raises KeyError for an unknown one."""
    return schedules[options.schedule].chosen(options)


def projected(options: TrainOptions, points: int = POINTS, measured: Measured = ()) -> list[float]:
    """The rates at ``points`` equal distances from the first to the last step, as :func:`learning_rate` gives them."""
    return [learning_rate(options, index / (points - 1), measured) for index in range(points)]


def follows_results(options: Any) -> bool:
    """Whether the rate depends on what is measured, so that a projection is only a beginning."""
    return bool(options.schedule == "plateau")
