"""RAdam: Adam that trusts its adaptive step only when there is enough evidence (Liu et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("radam", "RAdam")
@dataclass(frozen=True, kw_only=True)
class RAdam:
    """Adam that needs no warm-up: its first steps are those of SGD."""

    rate: ClassVar[float | None] = 0.001
    decay: ClassVar[float] = 0.0

    beta1: Annotated[float, option("Beta 1", "Memory of the gradients.", ge=0, lt=1, advanced=True)] = 0.9
    beta2: Annotated[float, option("Beta 2", "Memory of their squares.", ge=0, lt=1, advanced=True)] = 0.999
    eps: Annotated[float, option("Epsilon", "Keeps divisions finite.", gt=0, advanced=True)] = 1e-8
    decoupled: Annotated[bool, option("Decay beside the gradient", "As AdamW does it.", advanced=True)] = False

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's RAdam."""
        from torch import optim

        return optim.RAdam(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            decoupled_weight_decay=self.decoupled,
        )
