"""Vanishing and exploding gradients (Bengio, Simard, Frasconi 1994; Glorot, Bengio 2010; Pascanu et al. 2013)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.training.doctor import BAD, Finding, rule
from models.training.doctor.history import History, Look

Row = NDArray[np.float32]
UNEVEN, TINY, HUGE, JUMP = 1e-3, 1e-6, 1e2, 1e3
"""Least over largest gradient of all layers; largest gradient over weight, too small and too large; over its median."""


@rule("vanishing_gradients", "Vanishing gradients", hides=("underfitting", "plateau", "rate_too_low", "class_collapse"))
def vanishing(history: History) -> Finding | None:
    """Some layers get gradients a thousand times smaller than others, or all get next to none, and nothing is learnt.

    Not where the loss has come down: a network that has converged has small gradients too.
    """
    looks = [*history.weights][-3:]
    if not looks or not history.losses or history.late < 0.8 * history.chance:
        return None
    found = [_vanishes(look) for look in looks]
    if not all(found):
        return None
    return Finding(
        f"The gradient vanishes: {found[-1]}. The loss is {history.late:.3g}, as if nothing were known.",
        (
            "ReLU instead of sigmoid or tanh",
            "Batch normalization",
            "He or Xavier initialization",
            "Residual connections",
        ),
        ("layers:gradient", "layers:gradient_ratio", "train/loss"),
        BAD,
    )


@rule("exploding_gradients", "Exploding gradients")
def exploding(history: History) -> Finding | None:
    """A gradient is infinite, a hundred times larger than the weights, or a thousand times larger than usual."""
    if not history.weights:
        return None
    look = history.weights[-1]
    names, gradient, ratio, _ = _large(look)
    if not len(names):
        return None
    total = [float(np.linalg.norm(_large(one)[1])) for one in history.weights]
    usual = float(np.median(total[:-1])) if len(total) > 3 else total[-1]
    if not np.isfinite(gradient).all():
        what = f"the gradient of {names[int(np.argmin(np.isfinite(gradient)))]} is infinite"
    elif ratio.max() > HUGE:
        what = f"the gradient of {names[int(ratio.argmax())]} is {ratio.max():.2g} times as large as its weights"
    elif total[-1] > JUMP * usual > 0 and history.late > 0.1 * history.chance:  # not the noise of what is learnt
        what = f"gradients are {total[-1] / usual:.2g} times as large as usual"
    else:
        return None
    return Finding(
        f"The gradient explodes: {what}.",
        (
            "Clipping gradients at a norm of 1",
            "A smaller learning rate",
            "Smaller initial weights",
            "Batch normalization",
        ),
        ("layers:gradient", "layers:gradient_ratio", "train/loss"),
        BAD,
    )


def _vanishes(look: Look) -> str:
    """In words how; "" where it does not. Layers whose gradient is exactly zero are left to other rules."""
    names, gradient, ratio, _ = _large(look)
    alive = np.flatnonzero(gradient > 0)
    if not np.isfinite(gradient).all():
        return ""
    if len(alive) == 0 or ratio.max() < TINY:
        return f"the largest is {ratio.max() if len(ratio) else 0:.1e} of the weights it is to change"
    least, most = alive[gradient[alive].argmin()], alive[gradient[alive].argmax()]
    if gradient[least] / gradient[most] >= UNEVEN:
        return ""
    return f"{names[least]} gets {gradient[least] / gradient[most]:.1e} of what {names[most]} gets"


def _large(look: Look) -> tuple[list[str], Row, Row, Row]:
    """Names, gradient, gradient ratio and update of the weights of two or more dimensions."""
    keep = [index for index, large in enumerate(look.matrices) if large]
    gradient, ratio, update = (np.asarray(look.values[key])[keep] for key in ("gradient", "gradient_ratio", "update"))
    return [look.names[index] for index in keep], gradient, ratio, update
