"""Other ways back through a ReLU: guided backpropagation and the deconvolutional network.

Springenberg et al. 2015, arXiv 1412.6806: what goes back is positive, and only where the unit was active.
Zeiler and Fergus 2013, arXiv 1311.2901: what goes back is positive, wherever the unit was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from models.attribution.tracer import Call

Handler = Callable[[Call], Any]


class _Guided(torch.autograd.Function):
    """Does the call; back goes ``max(g, 0)``, and for ``guided`` only where its values are what it was given."""

    @staticmethod
    def forward(ctx: Any, given: torch.Tensor, call: Call, guided: bool) -> torch.Tensor:
        values: torch.Tensor = call.run()
        ctx.passes = (values == given) & (values > 0) if guided else None
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        back = gradients[0].clamp(min=0)
        return back if ctx.passes is None else back * ctx.passes, None, None


class Rectifiers:
    """``guided`` or else deconvolution at every ReLU, however it is written; ``seen`` counts them."""

    def __init__(self, guided: bool) -> None:
        self.guided = guided
        self.seen = 0
        self.handlers: Mapping[str, Handler] = {name: self._handle for name in RECTIFIERS}

    def _handle(self, call: Call) -> Any:
        if not rectifies(call):
            return call.run()
        self.seen += 1
        return _Guided.apply(call.args[0], call, self.guided)


RECTIFIERS = ("relu", "relu6", "threshold", "hardtanh", "clamp", "clamp_min", "maximum")


def rectifies(call: Call) -> bool:
    """Whether the call sets negative values to zero and leaves the small positive ones as they are."""
    given = [*call.args[1:], *(value for key, value in call.kwargs.items() if key != "inplace")]
    numbers = [value for value in given if isinstance(value, int | float) and not isinstance(value, bool)]
    if call.name in ("relu", "relu6"):
        return True
    if call.name == "threshold":
        return numbers[:2] == [0, 0]
    if call.name == "maximum":
        return any(isinstance(value, torch.Tensor) and value.numel() == 1 and float(value) == 0 for value in given)
    low = call.kwargs.get("min_val", call.kwargs.get("min", numbers[0] if numbers else None))
    return isinstance(low, int | float) and low == 0
