"""Optimizers, one file each: their options with torch's defaults; torch itself is imported when one is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from data.registry import Registry
from models.parts import Part, registrar

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer

Groups = Iterable[dict[str, Any]]
"""torch's parameter groups: ``params`` and, where they differ from the rest, ``weight_decay`` and ``rate_factor``."""


@dataclass(frozen=True)
class Common:
    """What all optimizers share: the base rate, weight decay, and the momentum of those that take the common one."""

    rate: float
    decay: float
    momentum: float


class Optimizer(Protocol):
    """What an optimizer's dataclass has beside its options."""

    rate: ClassVar[float | None]  # the usual base rate; None: the network's own, which is meant for SGD
    decay: ClassVar[float]  # the usual weight decay

    def make(self, groups: Groups, common: Common) -> TorchOptimizer:
        """The torch optimizer of these parameter groups."""


optimizers: Registry[Part[Optimizer]] = Registry("models.training.optimizers")
optimizer = registrar(optimizers)
"""Register a frozen dataclass: its fields are its options, the first line of its docstring is its help."""
