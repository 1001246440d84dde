"""Adam (Kingma, Ba 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("adam", "Adam")
@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adapts the step of each weight; weight decay is part of the gradient."""

    rate: ClassVar[float | None] = 0.001
    decay: ClassVar[float] = 0.0
    decoupled: ClassVar[bool] = False  # whether weight decay stands beside the gradient, as in AdamW

    beta1: Annotated[float, option("Beta 1", "Memory of the gradients.", ge=0, lt=1, advanced=True)] = 0.9
    beta2: Annotated[float, option("Beta 2", "Memory of their squares.", ge=0, lt=1, advanced=True)] = 0.999
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-8
    amsgrad: Annotated[bool, option("AMSGrad", "Never let the memory of squares shrink.", advanced=True)] = False

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's Adam, or its AdamW."""
        from torch import optim

        kind = optim.AdamW if self.decoupled else optim.Adam
        return kind(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            amsgrad=self.amsgrad,
            fused=True,
        )
