"""A plateau: nothing has got better for a while, and there is still something to gain."""

from __future__ import annotations

from models.training.doctor import Finding, rule
from models.training.doctor.history import History


@rule("plateau", "Plateau")
def plateau(history: History) -> Finding | None:
    """Neither training nor validation loss has improved by 2 % over the last five reports."""
    curve = "val/loss" if history.series("val/loss") else "train/loss"
    values, training = history.series(curve), history.series("train/loss")
    if len(values) < 6 or len(training) < 6 or training[-1] < 0.1 * history.chance or history.augmented:
        return None
    since = min(values[:-5]), min(values[-5:])
    learnt = min(training[:-5]), min(training[-5:])
    if since[1] < 0.98 * since[0] or learnt[1] < 0.98 * learnt[0]:
        return None
    return Finding(
        f"No progress over the last five reports: {curve} was {since[0]:.3g} at best before and {since[1]:.3g} since.",
        (
            "Ten times smaller a learning rate from here on",
            "A schedule that falls when it stops improving",
            "Stopping here",
        ),
        (curve, "train/loss", "learning_rate"),
    )
