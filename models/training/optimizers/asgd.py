"""Averaged stochastic gradient descent (Polyak, Juditsky 1992)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("asgd", "Averaged SGD")
@dataclass(frozen=True, kw_only=True)
class ASGD:
    """SGD whose rate falls by itself; torch keeps the average of the weights beside them."""

    rate: ClassVar[float | None] = 0.01
    decay: ClassVar[float] = 0.0

    lambd: Annotated[float, option("Lambda", "Decay of the rate.", ge=0, advanced=True)] = 1e-4
    alpha: Annotated[float, option("Alpha", "Power of that decay.", ge=0, advanced=True)] = 0.75
    start: Annotated[float, option("Average from step", ge=0, advanced=True)] = 1e6

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's ASGD."""
        from torch import optim

        return optim.ASGD(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            lambd=self.lambd,
            alpha=self.alpha,
            t0=self.start,
        )
