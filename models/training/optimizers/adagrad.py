"""AdaGrad (Duchi, Hazan, Singer 2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("adagrad", "AdaGrad")
@dataclass(frozen=True, kw_only=True)
class Adagrad:
    """Weights that have moved much move ever less; suits rare features."""

    rate: ClassVar[float | None] = 0.01
    decay: ClassVar[float] = 0.0

    rate_decay: Annotated[float, option("Rate decay", ge=0, advanced=True)] = 0.0
    initial: Annotated[float, option("Initial sum of squares", ge=0, advanced=True)] = 0.0
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-10

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's Adagrad."""
        from torch import optim

        return optim.Adagrad(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            lr_decay=self.rate_decay,
            initial_accumulator_value=self.initial,
            eps=self.eps,
            fused=True,
        )
