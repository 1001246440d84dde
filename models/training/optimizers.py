"""Optimizers by the name in the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch import nn, optim

from models.train_options import TrainOptions


def sgd(weights: Iterable[nn.Parameter], options: TrainOptions) -> optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    rate = options.learning_rate or 0.0
    return optim.SGD(weights, rate, momentum=options.momentum, weight_decay=options.weight_decay, fused=True)


def adam(weights: Iterable[nn.Parameter], options: TrainOptions) -> optim.Optimizer:
    """Adam (Kingma, Ba 2014); weight decay is part of the gradient."""
    return optim.Adam(weights, options.learning_rate or 0.0, weight_decay=options.weight_decay, fused=True)


def adamw(weights: Iterable[nn.Parameter], options: TrainOptions) -> optim.Optimizer:
    """Adam with weight decay beside the gradient (Loshchilov, Hutter 2017)."""
    return optim.AdamW(weights, options.learning_rate or 0.0, weight_decay=options.weight_decay, fused=True)


OPTIMIZERS: dict[str, Callable[[Iterable[nn.Parameter], TrainOptions], optim.Optimizer]] = {
    "sgd": sgd,
    "adam": adam,
    "adamw": adamw,
}
"""Every value of ``TrainOptions.optimizer``. All run fused: one pass over the weights a step."""


def make_optimizer(model: nn.Module, options: TrainOptions) -> optim.Optimizer:
    """The optimizer that the options name, for all weights that want a gradient."""
    return OPTIMIZERS[options.optimizer]((weight for weight in model.parameters() if weight.requires_grad), options)
