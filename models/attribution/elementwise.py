"""Relevance through operations that are not linear: gates, activations, normalizations, softmax.

A function that works on each value by itself hands relevance straight through: ``f(z) = f(0) + z * (f(z) - f(0)) / z``,
where the ratio counts as a constant and ``f(0)`` as a leaf. Functions that keep ``f(a z) = a f(z)`` for positive ``a``
(ReLU, pooling, sums) need nothing: their own gradient is right already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from models.attribution.calls import bound, words
from models.attribution.sites import VALUES
from models.attribution.tracer import Call

Leaf = Callable[[torch.Tensor], torch.Tensor]
NONLINEAR = words(
    "gelu silu sigmoid tanh hardswish hardsigmoid elu selu celu mish softplus softsign logsigmoid relu6 hardtanh "
    "threshold clamp clamp_min clamp_max pow exp log log1p expm1 sqrt square rsqrt reciprocal erf sin cos tanhshrink "
    "hardshrink softshrink"
)
NEAR_ZERO = 1e-6


def passed_through(call: Call, leaf: Leaf) -> Any:
    """An elementwise function: relevance stays where it is."""
    given, *rest = call.args
    if not isinstance(given, torch.Tensor) or any(hasattr(value, VALUES) for value in rest):
        return call.run()  # 2 ** x and the like
    with torch.no_grad():
        values = call.run()
        zero = call.function(torch.zeros((), dtype=given.dtype, device=given.device), *rest, **call.kwargs)
        rests = bool(torch.isfinite(zero).all())
        start = zero if rests else torch.zeros_like(zero)
        near = given.abs() < NEAR_ZERO
        ratio = torch.where(near, 0.0, (values - start) / torch.where(near, 1.0, given))
    result = given * ratio
    return result + leaf(start) if bool(start != 0) else result


def product(call: Call, leaf: Leaf) -> Any:
    """A constant scales; of two things from the image the smaller is a gate, which counts as a constant."""
    left, right = call.args[:2]
    if not (_live(left) and _live(right)):
        return call.run()
    if left.numel() == right.numel():
        return shared(call.function, left, right)
    return call.function(left, right.detach()) if left.numel() > right.numel() else call.function(left.detach(), right)


def quotient(call: Call, leaf: Leaf) -> Any:
    """What is divided by counts as a constant."""
    left, right, *rest = call.args
    return call.function(left, right.detach() if isinstance(right, torch.Tensor) else right, *rest, **call.kwargs)


def shared(function: Callable[..., Any], left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """A product whose relevance goes to both factors, half each."""
    half: torch.Tensor = 0.5 * (function(left, right.detach()) + function(left.detach(), right))
    return half


def softmax(call: Call, leaf: Leaf) -> Any:
    """In the middle of a network its weights are constants; at the end it is the scores and a constant."""
    with torch.no_grad():
        values = call.run()
    given = call.args[0]
    return given + leaf(values - given) if given.ndim == 2 else values


def log_softmax(call: Call, leaf: Leaf) -> Any:
    """The scores less a constant."""
    with torch.no_grad():
        values = call.run()
    return call.args[0] + leaf(values - call.args[0])


def layer_norm(call: Call, leaf: Leaf) -> Any:
    """The deviation counts as a constant; the mean does not."""
    given = _named(call, ("input", "normalized_shape", "weight", "bias", "eps"))
    values = given["input"]
    places = tuple(range(values.ndim - len(given["normalized_shape"]), values.ndim))
    return _normalized(values, places, given, leaf, lambda parameter: parameter)


def group_norm(call: Call, leaf: Leaf) -> Any:
    """As the layer normalization, over groups of channels."""
    given = _named(call, ("input", "num_groups", "weight", "bias", "eps"))
    values, groups = given["input"], given["num_groups"]
    split = values.unflatten(1, (groups, values.shape[1] // groups))
    whole = _normalized(split, tuple(range(2, split.ndim)), {"eps": given.get("eps", 1e-5)}, leaf, None).flatten(1, 2)
    return _affine(whole, given, leaf, lambda parameter: parameter.view(-1, *[1] * (values.ndim - 2)))


def response_norm(call: Call, leaf: Leaf) -> Any:
    """AlexNet's and GoogLeNet's local response normalization: what it divides by counts as a constant."""
    given = call.args[0]
    with torch.no_grad():
        values = call.run()
        near = given.abs() < NEAR_ZERO
        ratio = torch.where(near, 0.0, values / torch.where(near, 1.0, given))
    return given * ratio


def _normalized(values: Any, places: Any, given: dict[str, Any], leaf: Leaf, shape: Any) -> torch.Tensor:
    eps = given.get("eps")
    deviation = (values.var(places, unbiased=False, keepdim=True) + (1e-5 if eps is None else eps)).sqrt().detach()
    normal: torch.Tensor = (values - values.mean(places, keepdim=True)) / deviation
    return normal if shape is None else _affine(normal, given, leaf, shape)


def _affine(
    values: torch.Tensor, given: dict[str, Any], leaf: Leaf, shape: Callable[..., torch.Tensor]
) -> torch.Tensor:
    weight, bias = given.get("weight"), given.get("bias")
    values = values if weight is None else values * shape(weight)
    return values if bias is None else values + shape(leaf(bias))


def _named(call: Call, names: tuple[str, ...]) -> dict[str, Any]:
    if call.original.__module__ == F.__name__:
        return bound(call.original, call.args, call.kwargs)
    return {**dict(zip(names, call.args, strict=False)), **call.kwargs}


def _live(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad


HANDLERS: dict[str, Callable[[Call, Leaf], Any]] = {
    "mul": product,
    "div": quotient,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "local_response_norm": response_norm,
}
