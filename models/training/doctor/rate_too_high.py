"""A learning rate that is too high: steps so large that nothing is learnt, or that what was learnt is lost again."""

from __future__ import annotations

from models.training.doctor import BAD, Finding, rule
from models.training.doctor.history import History

LARGE = 0.01
"""An update ratio from here on is ten times the usual one."""


@rule("rate_too_high", "Learning rate too high", hides=("underfitting", "plateau", "class_collapse", "oscillation"))
def rate_too_high(history: History) -> Finding | None:
    """The loss stays near that of knowing nothing, or above where it began, while the weights move a lot each step."""
    if len(history.losses) < 40:
        return None
    moved = history.largest_move
    stuck = history.late > 0.93 * history.chance
    lost = history.late > 1.15 * min(history.early, history.chance)
    if not (stuck or lost) or moved < LARGE:
        return None
    return Finding(
        f"The learning rate ({history.rates[-1]:.3g}) seems too high: steps moved the weights by up to {moved:.1%} of "
        f"their size (0.1 % is usual), and the loss is {history.late:.3g}; knowing nothing gives {history.chance:.3g}.",
        (
            "A learning rate three to ten times smaller",
            "A warm-up over the first 5 %",
            "Clipping gradients at a norm of 1",
        ),
        ("train/loss", "learning_rate", "layers:update"),
        BAD,
    )
