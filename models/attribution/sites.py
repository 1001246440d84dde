"""Places in a network: each operation of a forward pass that makes values has a stable name, a shape and units."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch import nn

VALUES = "_foveal_axis"
"""Attribute of tensors that come from the image: the dimension of their units (None: like any other, by its rank)."""


@dataclass(frozen=True)
class Site:
    """One operation of the forward pass.

    ``name`` is the layer's path ("layer1.0.conv1"), or the path of the module whose forward calls it and the function
    ("layer1.0.add"; "relu" in the network itself); its second call is ":2". ``shape`` is that of the values for one
    image, ``units`` how many channels or neurons there are, ``axis`` their dimension in the batch's tensor, ``grid``
    the size of each unit's map ([] for a single value). ``weight`` is the parameter it multiplies with, by its name.
    """

    name: str
    op: str
    module: str
    kind: str
    shape: tuple[int, ...]
    units: int
    axis: int
    grid: tuple[int, ...]
    weight: str | None = None


@dataclass
class Names:
    """Gives names to the operations of one forward pass, in the order in which they come."""

    network: nn.Module
    paths: dict[int, str] = field(init=False)
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.paths = {id(module): path for path, module in self.network.named_modules()}

    def name(self, op: str, frame: FrameType | None) -> tuple[str, str]:
        """The name of an operation that is called from ``frame``, and the class of its layer ("" for a function)."""
        path, module = self._caller(frame)
        own = module is not None and type(module).__module__.startswith("torch.nn.") and path
        plain = path if own else ".".join(part for part in (path, op) if part)
        count = self.counts[plain] = self.counts.get(plain, 0) + 1
        return (plain if count == 1 else f"{plain}:{count}"), (type(module).__name__ if own else "")

    def _caller(self, frame: FrameType | None) -> tuple[str, nn.Module | None]:
        """The innermost module whose method is running."""
        while frame is not None:
            code = frame.f_code
            if code.co_argcount:
                thing = frame.f_locals.get(code.co_varnames[0])
                if isinstance(thing, nn.Module) and id(thing) in self.paths:
                    return self.paths[id(thing)], thing
            frame = frame.f_back
        return "", None


def calling_frame(depth: int) -> FrameType:
    """The frame ``depth`` calls up."""
    return sys._getframe(depth + 1)


def unit_axis(op: str, values: torch.Tensor, given: torch.Tensor | None) -> int:
    """The dimension of the units of ``values`` [n, ...]: channels are second, but features of linear layers last."""
    if values.ndim == 2:
        return 1
    if op in ("linear", "layer_norm", "rms_norm", "embedding", "multi_head_attention_forward"):
        return values.ndim - 1
    known = getattr(given, VALUES, None)
    if known is not None and given is not None and given.ndim == values.ndim:
        return int(known)
    return values.ndim - 1 if values.ndim == 3 and not op.endswith("1d") else 1


def describe(values: torch.Tensor, axis: int) -> dict[str, Any]:
    """Shape, units and grid of ``values`` [n, ...]."""
    rest = tuple(size for place, size in enumerate(values.shape) if place not in (0, axis))
    return {"shape": tuple(values.shape[1:]), "units": values.shape[axis], "axis": axis, "grid": rest}
