"""Divergence: the loss leaves all bounds."""

from __future__ import annotations

import math

from models.training.doctor import BAD, Finding, rule
from models.training.doctor.history import History


@rule("divergence", "Divergence", hides=("rate_too_high", "oscillation", "underfitting", "plateau", "class_collapse"))
def divergence(history: History) -> Finding | None:
    """The loss became infinite or NaN, or has climbed far above that of knowing nothing."""
    if not history.losses:
        return None
    last = history.losses[-1]
    least = min((value for value in history.losses if math.isfinite(value)), default=math.nan)
    climbed = len(history.losses) >= 5 and history.late > 3 * max(history.chance, history.early)
    if math.isfinite(last) and last < 1e6 and not climbed:
        return None
    what = f"{last:.3g}" if math.isfinite(last) else "no longer a number"
    rate = f" at a learning rate of {history.rates[-1]:.3g}" if history.rates else ""
    return Finding(
        f"The loss diverged: it was {least:.3g} at best and is {what}{rate}.",
        (
            "A learning rate ten times smaller",
            "A warm-up",
            "Clipping gradients at a norm of 1",
            "Looking for broken images",
        ),
        ("train/loss", "learning_rate", "layers:gradient"),
        BAD,
    )
