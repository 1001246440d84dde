"""Adam with weight decay beside the gradient (Loshchilov, Hutter 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("adamw", "AdamW")
@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Adam with weight decay beside the gradient: usually the better Adam."""

    rate: ClassVar[float | None] = 0.001
    decay: ClassVar[float] = 0.01

    beta1: Annotated[float, option("Beta 1", "Memory of the gradients.", ge=0, lt=1, advanced=True)] = 0.9
    beta2: Annotated[float, option("Beta 2", "Memory of their squares.", ge=0, lt=1, advanced=True)] = 0.999
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-8
    amsgrad: Annotated[bool, option("AMSGrad", "Never let the memory of squares shrink.", advanced=True)] = False

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's AdamW."""
        from torch import optim

        return optim.AdamW(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            amsgrad=self.amsgrad,
            fused=True,
        )
