"""Adamax: Adam on the infinity norm (Kingma, Ba 2014, section 7.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("adamax", "Adamax")
@dataclass(frozen=True, kw_only=True)
class Adamax:
    """Adam that remembers the largest gradient instead of the mean square."""

    rate: ClassVar[float | None] = 0.002
    decay: ClassVar[float] = 0.0

    beta1: Annotated[float, option("Beta 1", "Memory of the gradients.", ge=0, lt=1, advanced=True)] = 0.9
    beta2: Annotated[float, option("Beta 2", "Memory of their squares.", ge=0, lt=1, advanced=True)] = 0.999
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-8

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's Adamax."""
        from torch import optim

        return optim.Adamax(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
        )
