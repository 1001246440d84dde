"""Optimizers by the name in the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn, optim

from models.train_options import TrainOptions
from models.weights.freezing import parameter_groups
from models.weights.options import rate_factors

Weights = list[dict[str, Any]]
"""Groups of parameters, as torch's optimizers take them."""


def sgd(weights: Weights, options: TrainOptions) -> optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    rate = options.learning_rate or 0.0
    return optim.SGD(weights, rate, momentum=options.momentum, weight_decay=options.weight_decay, fused=True)


def adam(weights: Weights, options: TrainOptions) -> optim.Optimizer:
    """Adam (Kingma, Ba 2014); weight decay is part of the gradient."""
    return optim.Adam(weights, options.learning_rate or 0.0, weight_decay=options.weight_decay, fused=True)


def adamw(weights: Weights, options: TrainOptions) -> optim.Optimizer:
    """Adam with weight decay beside the gradient (Loshchilov, Hutter 2017)."""
    return optim.AdamW(weights, options.learning_rate or 0.0, weight_decay=options.weight_decay, fused=True)


OPTIMIZERS: dict[str, Callable[[Weights, TrainOptions], optim.Optimizer]] = {
    "sgd": sgd,
    "adam": adam,
    "adamw": adamw,
}
"""Every value of ``TrainOptions.optimizer``. All run fused: one pass over the weights a step."""


def make_optimizer(model: nn.Module, options: TrainOptions) -> optim.Optimizer:
    """The optimizer that the options name, for all weights that want a gradient.

    Each of its groups has a ``factor``: what the learning rate of its layers is multiplied by.
    """
    return OPTIMIZERS[options.optimizer](parameter_groups(model, rate_factors(options.rate_factors)), options)
