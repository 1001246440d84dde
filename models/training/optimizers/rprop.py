"""Rprop: only the signs of the gradients count (Riedmiller, Braun 1993)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from data.options import option
from models.training.optimizers import Common, Groups, optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


@optimizer("rprop", "Rprop")
@dataclass(frozen=True, kw_only=True)
class Rprop:
    """Only the signs of the gradients count. Meant for the whole training set as one batch; it has no weight decay."""

    rate: ClassVar[float | None] = 0.01
    decay: ClassVar[float] = 0.0

    slower: Annotated[float, option("Slower by", "When the sign changed.", gt=0, lt=1, advanced=True)] = 0.5
    faster: Annotated[float, option("Faster by", "When it stayed.", gt=1, le=10, advanced=True)] = 1.2
    least: Annotated[float, option("Least step", gt=0, advanced=True)] = 1e-6
    most: Annotated[float, option("Largest step", gt=0, advanced=True)] = 50.0

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """torch's Rprop; the groups' weight decay has no effect on it."""
        from torch import optim

        etas, sizes = (self.slower, self.faster), (self.least, self.most)
        return optim.Rprop(groups, lr=common.rate, etas=etas, step_sizes=sizes)
