"""Parameter groups and the optimizer on them: which weights decay, and which learn at another rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn, optim

from models.train_options import TrainOptions
from models.training.optimizers import Common, optimizers
from models.weights.freezing import parameter_groups
from models.weights.options import rate_factors


def make_optimizer(model: nn.Module, options: TrainOptions) -> optim.Optimizer:
    """The optimizer that the options name, for all weights that want a gradient.

    Raises UserError(field="rate_factors") for a layer that there is none of.
    """
    common = Common(options.learning_rate or 0.0, options.weight_decay or 0.0, options.momentum)
    groups = parameter_groups(model, rate_factors(options.rate_factors))
    chosen = optimizers[options.optimizer].chosen(options)
    return chosen.make(list(with_decay(groups, common.decay, spare=options.no_decay)), common)


def with_decay(groups: Iterable[dict[str, Any]], decay: float, *, spare: bool) -> Iterable[dict[str, Any]]:
    """Each group as one that decays and, where ``spare``, one that does not: vectors and scalars.

    Those are biases and the scales and shifts of normalization: pulling them to zero limits what the network can say
    and regularizes nothing.
    """
    for group in groups:
        whole = [weight for weight in group["params"] if not (spare and weight.ndim < 2)]
        spared = [weight for weight in group["params"] if spare and weight.ndim < 2]
        for weights, share in ((whole, decay), (spared, 0.0)):
            if weights:
                yield {**group, "params": weights, "weight_decay": share}


def set_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Let every group learn at ``rate`` times its own factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)
