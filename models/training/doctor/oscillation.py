"""Oscillation: the loss jumps up and down instead of settling."""

from __future__ import annotations

import numpy as np

from models.training.doctor import Finding, rule
from models.training.doctor.history import History


@rule("oscillation", "Oscillation")
def oscillation(history: History) -> Finding | None:
    """Stretches of the training loss go up as often as down, by much, at a level that matters."""
    if len(history.losses) < 200:
        return None
    recent = np.frombuffer(history.losses)[-max(200, len(history.losses) // 2) :]
    parts = np.array([part.mean() for part in np.array_split(recent, 20)])
    changes = np.diff(parts)
    swing = float(np.abs(changes).mean() / max(parts.mean(), 1e-9))
    ups = float((changes > 0).mean())
    jumps = float(recent.max() / max(np.median(recent), 1e-9))
    if parts.mean() < 0.15 * history.chance or swing < 0.25 or not 0.25 < ups < 0.75 or jumps < 2:
        return None
    return Finding(
        f"The training loss oscillates: lately it went up as often as down, by {swing:.0%} from stretch to stretch, "
        f"between {parts.min():.3g} and {parts.max():.3g}.",
        (
            "A learning rate three times smaller",
            "A schedule that falls, such as cosine",
            "A larger batch",
            "Less momentum",
        ),
        ("train/loss", "learning_rate"),
    )
