"""RMSprop (Tieleman, Hinton 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("rmsprop", "RMSprop")
@dataclass(frozen=True, kw_only=True)
class RMSprop:
    """Divides each weight's step by the recent size of its gradient."""

    rate: ClassVar[float | None] = 0.01
    decay: ClassVar[float] = 0.0

    alpha: Annotated[
        float, option("Memory of the squares", "DIGITS calls it RMS decay.", ge=0, lt=1, advanced=True)
    ] = 0.99
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-8
    momentum: Annotated[float, option("Momentum", ge=0, lt=1, advanced=True)] = 0.0
    centered: Annotated[bool, option("Centered", "Subtract the mean gradient first.", advanced=True)] = False

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's RMSprop."""
        from torch import optim

        return optim.RMSprop(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            alpha=self.alpha,
            eps=self.eps,
            momentum=self.momentum,
            centered=self.centered,
        )
