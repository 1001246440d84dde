"""A moving average of the weights (EMA): smoother than the weights themselves, and usually a better model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn


class Average:
    """Follows all floating-point tensors of a model's state (running statistics of normalization too).

    The decay begins small, as (1 + step) / (10 + step), so that the random start is soon forgotten (as TensorFlow's
    ExponentialMovingAverage does).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = [value for value in model.state_dict().values() if value.is_floating_point()]
        self.values = [value.detach().clone() for value in self._live]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after ``step`` updates."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, self._live, 1 - decay)

    @torch.no_grad()
    def take(self, values: Sequence[torch.Tensor]) -> None:
        """Go on from the values that a state holds."""
        for own, value in zip(self.values, values, strict=True):
            own.copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averaged weights inside the ``with`` block, its own again after it."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for live, value in zip(self._live, self.values, strict=True):
            kept = live.clone()
            live.copy_(value)
            value.copy_(kept)
