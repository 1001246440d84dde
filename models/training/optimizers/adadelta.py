"""AdaDelta (Zeiler 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("adadelta", "AdaDelta")
@dataclass(frozen=True, kw_only=True)
class Adadelta:
    """Sets its own step; the base rate (usually 1) only scales it."""

    rate: ClassVar[float | None] = 1.0
    decay: ClassVar[float] = 0.0

    rho: Annotated[float, option("Rho", "Memory of the squares.", ge=0, le=1, advanced=True)] = 0.9
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-6

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's Adadelta."""
        from torch import optim

        return optim.Adadelta(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            rho=self.rho,
            eps=self.eps,
        )
