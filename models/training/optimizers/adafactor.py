"""Adafactor (Shazeer, Stern 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("adafactor", "Adafactor")
@dataclass(frozen=True, kw_only=True)
class Adafactor:
    """Adam with far less memory: for networks that hardly fit."""

    rate: ClassVar[float | None] = 0.01
    decay: ClassVar[float] = 0.0

    beta2_decay: Annotated[float, option("Beta 2 decay", le=0, advanced=True)] = -0.8
    eps: Annotated[float, option("Epsilon", "Least size of a weight tensor.", gt=0, advanced=True)] = 1e-3
    clip: Annotated[float, option("Largest update", "Root mean square.", ge=1, advanced=True)] = 1.0

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's Adafactor."""
        from torch import optim

        return optim.Adafactor(
            groups,
            lr=common.rate,
            weight_decay=common.decay,
            beta2_decay=self.beta2_decay,
            eps=(None, self.eps),
            d=self.clip,
        )
