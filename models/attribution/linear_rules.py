"""The rules of relevance propagation for one linear map: epsilon, z+, gamma and z^B.

Values and weights may be negative: z+ and gamma then treat products by their sign, as the generalized rules do
(Andeol et al. 2021, arXiv 2111.13650). Relevance of an output is shared among ``x * w`` (and the bias).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

TINY = 1e-6
NOTHING = 1e-3
"""Of an output: a positive part below that counts as none."""
Function = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]
Weights = tuple[torch.Tensor, torch.Tensor | None]


@dataclass(frozen=True)
class Rule:
    """``name`` "epsilon", "zplus", "gamma" or "box"; ``amount`` is epsilon or gamma."""

    name: str
    amount: float = TINY


@dataclass
class Bounds:
    """What the pixels can be at the least and the most (z^B); they receive relevance that belongs to their pixel."""

    image: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    leaves: list[torch.Tensor] = field(default_factory=list)

    def fits(self, given: torch.Tensor) -> bool:
        """Whether a layer is given the pixels themselves, perhaps as one long row."""
        same = given.data_ptr() == self.image.data_ptr() and given.numel() == self.image.numel()
        return same and (given.shape == self.image.shape or self.image.is_contiguous())

    def shaped(self, given: torch.Tensor) -> list[torch.Tensor]:
        """Low and high as leaves, in the shape of ``given``; ``leaves`` are those in the image's shape."""
        self.leaves = [
            value.detach().expand_as(self.image).contiguous().clone().requires_grad_()
            for value in (self.low, self.high)
        ]
        return [leaf.reshape(given.shape) for leaf in self.leaves]


class _Replaced(torch.autograd.Function):
    """Has the values ``held[0]``; back goes ``gradient * values / (denominator + epsilon)`` to the denominator.

    The values come in a list, so that the result is no view of them: networks may change it in place.
    """

    @staticmethod
    def forward(ctx: Any, denominator: torch.Tensor, held: list[torch.Tensor], epsilon: float) -> torch.Tensor:
        ctx.ratio = held[0] / stabilized(denominator, epsilon)
        return held[0]

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return gradients[0] * ctx.ratio, None, None


def stabilized(values: torch.Tensor, epsilon: float = TINY) -> torch.Tensor:
    """``values`` moved away from zero by ``epsilon``; zero counts as positive."""
    return values + torch.where(values < 0, -epsilon, epsilon)


def apply_rule(rule: Rule, function: Function, given: torch.Tensor, weights: Weights, bounds: Bounds) -> torch.Tensor:
    """``function(given, *weights)``, whose gradient is that of the rule."""
    weight, bias = weights
    if not given.requires_grad and (bias is None or not bias.requires_grad):
        return function(given, weight, bias)
    if rule.name == "epsilon":
        return epsilon_scaled(function(given, weight, bias), rule.amount)
    with torch.no_grad():
        values = function(given, weight, bias)
    if rule.name == "box":
        low, high = bounds.shaped(given)
        plain = function(given, weight, None)
        return replaced(
            plain - function(low, weight.clamp(min=0), None) - function(high, weight.clamp(max=0), None), values
        )
    positive = bool((given >= 0).all())
    if rule.name == "zplus":
        up = _positive(function, given, weights, positive)
        stuck = up < NOTHING * values.abs()
        if bool(stuck.any()):  # nothing positive to hand it to, and no ReLU may come that stops it: epsilon there
            up = torch.where(stuck, function(given, weight, bias), up)
        return replaced(up, values)
    return replaced(_gamma(rule.amount, function, given, weights, values, positive), values)


def epsilon_scaled(values: torch.Tensor, epsilon: float = TINY) -> torch.Tensor:
    """The same values; what goes back is damped where they are near zero."""
    scaled: torch.Tensor = _Replaced.apply(values, [values.detach()], epsilon)
    return scaled


def replaced(denominator: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """``values``, whose relevance is shared as the parts of ``denominator`` have it."""
    result: torch.Tensor = _Replaced.apply(denominator, [values], TINY)
    return result


def _positive(function: Function, given: torch.Tensor, weights: Weights, positive: bool) -> torch.Tensor:
    """The sum of all products above zero, and of the bias if it is."""
    weight, bias = weights
    up = function(
        given if positive else given.clamp(min=0), weight.clamp(min=0), None if bias is None else bias.clamp(min=0)
    )
    return up if positive else up + function(given.clamp(max=0), weight.clamp(max=0), None)


def _gamma(
    gamma: float, function: Function, given: torch.Tensor, weights: Weights, values: torch.Tensor, positive: bool
) -> torch.Tensor:
    """Products of the output's own sign count ``1 + gamma`` times."""
    weight, bias = weights

    def favoured(up: bool) -> torch.Tensor:
        more = weight + gamma * (weight.clamp(min=0) if up else weight.clamp(max=0))
        shift = None if bias is None else bias + gamma * (bias.clamp(min=0) if up else bias.clamp(max=0))
        if positive:
            return function(given, more, shift)
        less = weight + gamma * (weight.clamp(max=0) if up else weight.clamp(min=0))
        return function(given.clamp(min=0), more, shift) + function(given.clamp(max=0), less, None)

    return torch.where(values >= 0, favoured(True), favoured(False))
