"""Units that cannot learn: dead ReLUs and saturated tanh or sigmoid units."""

from __future__ import annotations

import numpy as np

from models.training.doctor import BAD, WARNING, Finding, rule
from models.training.doctor.history import History

MANY, MOST = 0.4, 0.8


@rule("dead_relus", "Dead ReLUs", hides=("vanishing_gradients",))
def dead(history: History) -> Finding | None:
    """A large share of a layer's ReLU units has given zero for every image looked at lately."""
    found = _worst(history, "dead")
    if found is None:
        return None
    name, share = found
    return Finding(
        f"Dead ReLUs: {share:.0%} of the units of {name} gave zero for all images looked at lately.",
        ("A smaller learning rate", "Leaky ReLU or GELU", "Batch normalization", "Biases that do not start below zero"),
        ("layers:dead", "layers:zeros"),
        BAD if share >= MOST else WARNING,
    )


@rule("saturated_units", "Saturated units")
def saturated(history: History) -> Finding | None:
    """Most outputs of a tanh or sigmoid are at an end of its range, where the slope is nearly zero."""
    found = _worst(history, "saturated")
    if found is None:
        return None
    name, share = found
    return Finding(
        f"Saturated units: {share:.0%} of what {name} gives is at an end of its range, where little is learnt.",
        ("ReLU instead", "Smaller initial weights", "A smaller learning rate", "Batch normalization in front"),
        ("layers:saturated",),
        BAD if share >= MOST else WARNING,
    )


def _worst(history: History, statistic: str) -> tuple[str, float] | None:
    """The layer with the largest share, if it has been large in the last three looks."""
    looks = [*history.activations][-3:]
    if len(looks) < 3 or any(len(look.names) != len(looks[-1].names) for look in looks):
        return None
    shares = np.nan_to_num(np.min([look.values[statistic] for look in looks], axis=0), nan=0.0)
    index = int(shares.argmax())
    return (looks[-1].names[index], float(shares[index])) if shares[index] >= MANY else None
