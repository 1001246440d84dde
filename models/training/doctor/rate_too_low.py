"""A learning rate that is too low: the loss falls, but so slowly that it will not arrive."""

from __future__ import annotations

import math

from models.training.doctor import Finding, rule
from models.training.doctor.history import History

SMALL = 1e-4
"""An update ratio below this is a tenth of the usual one or less."""


@rule("rate_too_low", "Learning rate too low", hides=("underfitting", "plateau"))
def rate_too_low(history: History) -> Finding | None:
    """Steps hardly move the weights, the gradient has not vanished, and most of the loss is still there."""
    parts, moved = history.parts(4), history.typical("update")
    if not parts or not math.isfinite(moved) or moved >= SMALL or history.progress < 0.02:
        return None
    slow = parts[-1] > 0.7 * history.early and parts[-1] > 0.4 * history.chance
    if not slow or not 1e-5 < history.typical("gradient_ratio") < 100 or parts[-1] > 1.2 * history.early:
        return None
    rate = max(history.rates[-50:])
    return Finding(
        f"The learning rate ({rate:.3g}) seems too low: a step moves the weights by {moved:.2g} of their size (0.001 "
        f"is usual), and after {history.step:,} steps the loss is {parts[-1]:.3g} of {history.early:.3g} at the start.",
        (
            "A learning rate ten times larger",
            "The learning-rate finder's suggestion",
            "An optimizer that adapts, such as AdamW",
        ),
        ("train/loss", "learning_rate", "layers:update"),
    )
