"""Layer-wise relevance propagation: each operation hands its relevance on to what it was made from.

Bach et al. 2015 (doi 10.1371/journal.pone.0130140); Montavon et al. 2019 (doi 10.1007/978-3-030-28954-6_10), whose
trick is used: the forward pass keeps its values, but its gradient is that of the rule, so relevance is input times
gradient. Skips are then shared in proportion by themselves, and any unit can be the start. Attention and normalization
as in Ali et al. 2022 (arXiv 2202.07304): attention weights and deviations count as constants.

Every constant that is added (biases, shifts, position embeddings) is a leaf too, so that with what they receive the
sum is the score exactly: ``sum(input) + sum(leaves) = score``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from models.attribution import elementwise
from models.attribution.attention import attention, multi_head
from models.attribution.fusion import LINEAR, Fusions, as_affine, flat, fused, norm_arguments
from models.attribution.linear_rules import Bounds, Rule, apply_rule
from models.attribution.sites import VALUES
from models.attribution.tracer import Call


@dataclass(frozen=True)
class Preset:
    """Which rule convolutions, linear layers and the first layer get."""

    convolution: Rule
    dense: Rule
    first: Rule | None = None


class Relevance:
    """The rules of one pass; ``leaves`` gather the constants, ``bounds`` those of the first layer's z^B."""

    def __init__(self, preset: Preset, fusions: Fusions, bounds: Bounds, target: str | None = None) -> None:
        self.preset, self.fusions, self.bounds = preset, fusions, bounds
        self.leaves: list[torch.Tensor] = []
        self.notes: list[str] = []
        self._linear = self._norms = 0
        self._target = target
        self.handlers: Mapping[str, Callable[[Call], Any]] = {
            **dict.fromkeys(LINEAR, self._on_linear),
            **dict.fromkeys(
                ("add", "sub", "rsub", "cat", "stack", "addcmul", "where", "hstack", "vstack"), self._on_sum
            ),
            **dict.fromkeys(elementwise.NONLINEAR, self._on_nonlinear),
            **{name: self._with_leaf(handler) for name, handler in elementwise.HANDLERS.items()},
            "batch_norm": self._on_norm,
            "matmul": self._on_product,
            "bmm": self._on_product,
            "mm": self._on_product,
            "scaled_dot_product_attention": attention,
            "multi_head_attention_forward": lambda call: multi_head(call, self.linear),
        }

    def leaf(self, constant: torch.Tensor) -> torch.Tensor:
        """The constant as something that receives relevance."""
        leaf = constant.detach().clone().requires_grad_()
        self.leaves.append(leaf)
        return leaf

    def linear(self, function: Callable[..., Any], given: torch.Tensor, weight: Any, bias: Any, dense: bool) -> Any:
        """A linear map of ``given`` by the rule for its kind."""
        first = self._linear == 0 and self.bounds.fits(given)
        rule = self.preset.dense if dense else self.preset.convolution
        if self._linear == 0 and self.preset.first is not None:
            rule = self.preset.first if first or self.preset.first.name != "box" else Rule("zplus")
            if rule is not self.preset.first:
                self.notes.append("The first layer does not see the pixels as they are, so z+ stands for z^B there.")
        self._linear += 1
        leaf = None if bias is None else self.leaf(bias)
        return apply_rule(rule, function, given, (weight.detach(), leaf), self.bounds)

    def _on_linear(self, call: Call) -> Any:
        names = ("input", "weight", "bias")
        given = {**dict(zip(names, call.args, strict=False)), **{k: v for k, v in call.kwargs.items() if k in names}}
        rest = call.args[3:]
        more = {key: value for key, value in call.kwargs.items() if key not in names}
        weight, bias = given["weight"], given.get("bias")
        if hasattr(weight, VALUES):  # a kernel that is itself made from the image
            return call.run()
        if (norm := self.fusions.after.get(self._linear)) is not None and call.site != self._target:
            weight, bias = fused(Call(call.name, call.function, (given["input"], weight, bias), {}), norm)

        def function(values: torch.Tensor, kernel: torch.Tensor, shift: torch.Tensor | None) -> Any:
            return call.function(values, kernel, shift, *rest, **more)

        return self.linear(function, given["input"], weight, bias, dense=call.name == "linear")

    def _on_norm(self, call: Call) -> Any:
        number = self._norms
        self._norms += 1
        given = norm_arguments(call)
        if number in self.fusions.fused:
            return given["input"].view_as(given["input"])
        if given["training"]:
            return call.run()
        norm = as_affine(given)
        shape = (1, -1, *[1] * (given["input"].ndim - 2))
        return given["input"] * norm.scale.view(shape) + self.leaf(norm.shift).view(shape)

    def _on_sum(self, call: Call) -> Any:
        """Constants that are added receive their share; numbers become tensors for that."""
        like = next(value for value in flat(call.args) if hasattr(value, VALUES))

        def counted(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return type(value)(counted(item) for item in value)
            if isinstance(value, torch.Tensor):
                own = hasattr(value, VALUES) or not value.is_floating_point()
                return value if own else self.leaf(value)
            if isinstance(value, int | float) and not isinstance(value, bool) and call.name in ("add", "sub", "rsub"):
                return self.leaf(torch.full((), float(value), dtype=like.dtype, device=like.device))
            return value

        rest = call.args if call.name not in ("cat", "stack", "hstack", "vstack") else call.args[:1]
        return call.function(*(counted(value) for value in rest), *call.args[len(rest) :], **call.kwargs)

    def _on_nonlinear(self, call: Call) -> Any:
        return elementwise.passed_through(call, self.leaf)

    def _with_leaf(self, handler: Callable[..., Any]) -> Callable[[Call], Any]:
        return lambda call: handler(call, self.leaf)

    def _on_product(self, call: Call) -> Any:
        """A product of two things from the image: half to each (Achtibat et al. 2024, arXiv 2402.05602)."""
        left, right = call.args[:2]
        if left.requires_grad and right.requires_grad:
            return elementwise.shared(call.function, left, right)
        return call.run()
