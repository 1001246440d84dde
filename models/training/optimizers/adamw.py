"""Adam with weight decay beside the gradient (Loshchilov, Hutter 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from models.training.optimizers import optimizer
from models.training.optimizers.adam import Adam


@optimizer("adamw", "AdamW")
@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with weight decay beside the gradient: usually the better Adam."""

    decay: ClassVar[float] = 0.01
    decoupled: ClassVar[bool] = True
