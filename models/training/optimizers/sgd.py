"""Stochastic gradient descent, plain, with momentum (Polyak 1964), or with Nesterov's (Sutskever et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("sgd", "SGD with momentum")
@dataclass(frozen=True, kw_only=True)
class SGD:
    """Stochastic gradient descent; momentum 0 is the plain kind."""

    rate: ClassVar[float | None] = None
    decay: ClassVar[float] = 1e-4

    nesterov: Annotated[bool, option("Nesterov", "Look ahead along the momentum; needs a momentum above 0.")] = False
    dampening: Annotated[float, option("Dampening", ge=0, le=1, advanced=True)] = 0.0

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch refuses Nesterov without momentum or with dampening; those are then left out."""
        from torch import optim

        nesterov = self.nesterov and common.momentum > 0
        return optim.SGD(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            momentum=common.momentum,
            dampening=0.0 if nesterov else self.dampening,
            nesterov=nesterov,
            fused=True,
        )
