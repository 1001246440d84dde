"""Says in words why a layer or operation does not take what it is given, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from models.source.channels import fix
from models.source.edits import SetArgument
from models.source.graph import Node
from models.source.lookup import OPERATORS
from models.source.meters import shapes_of, tensors_in


@dataclass(frozen=True)
class Misfit:
    """A layer whose size differs from what arrives: dimension ``dim`` has ``got``, not ``expected`` ``unit``."""

    argument: str
    unit: str
    dim: int
    expected: int
    got: int

    def words(self, layer: str, source: str) -> str:
        """The sentence for people."""
        return f"{layer} expects {self.expected:,} {self.unit}, gets {self.got:,} from {source}."


def misfit(module: nn.Module, value: torch.Tensor) -> Misfit | None:
    """Whether a module's own numbers fit the tensor that it is called with; None also where they cannot be compared."""
    found = _expects(module, value)
    if found is None:
        return None
    argument, unit, dim, expected = found
    if not -value.dim() <= dim < value.dim():
        return None
    got = int(value.shape[dim])
    return Misfit(argument, unit, dim, expected, got) if got != expected else None


def _expects(module: nn.Module, value: torch.Tensor) -> tuple[str, str, int, int] | None:
    if isinstance(module, nn.modules.conv._ConvNd):
        dims = len(module.kernel_size)
        batched = value.dim() == dims + 2
        return ("in_channels", "channels", 1 if batched else 0, module.in_channels)
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return ("num_features", "channels", 1, module.num_features)
    if isinstance(module, nn.GroupNorm):
        return ("num_channels", "channels", 1, module.num_channels)
    if isinstance(module, nn.Linear):
        return ("in_features", "features", -1, module.in_features)
    if isinstance(module, nn.LayerNorm) and len(module.normalized_shape) == 1:
        return ("normalized_shape", "features", -1, int(module.normalized_shape[0]))
    if isinstance(module, nn.MultiheadAttention):
        return ("embed_dim", "features", -1, module.embed_dim)
    return None


def fitted(value: torch.Tensor, wrong: Misfit) -> torch.Tensor:
    """A tensor as the layer expects it, so that the rest of the network can be looked at as well."""
    shape = list(value.shape)
    shape[wrong.dim] = wrong.expected
    return value.new_empty(shape)


def mend(node: Node, wrong: Misfit) -> SetArgument | None:
    """The edit that makes the layer fit, where its size is a number in the source."""
    edit = fix(node, wrong.argument, wrong.got)
    given = node.argument(wrong.argument)
    if edit is None and given is not None and not node.maker and not node.locked and node.shared == 1:
        return SetArgument(node=node.id, argument=wrong.argument, value=str(wrong.got))
    return edit


def in_words(label: str, args: Any, error: Exception) -> str:
    """An operation's error, with the shapes that it was given: "add gets 64 and 128 channels; they must be equal"."""
    shapes = shapes_of(args)
    said = str(error).strip().split("\n")[0]
    listed = " and ".join(str(list(shape)) for shape in shapes)
    if "Sizes of tensors must match except in dimension" in said:
        return f"{label} can join only tensors that are equal but for one dimension. The shapes are {listed}."
    clash = _clash(shapes) if label in OPERATORS.values() else None
    if clash is not None:
        a, b, what = clash
        return f"{label} gets {a:,} and {b:,} {what}; they must be equal. The shapes are {listed}."
    return f"{label} fails on {listed}: {said}" if shapes else f"{label} fails: {said}"


def _clash(shapes: tuple[tuple[int, ...], ...]) -> tuple[int, int, str] | None:
    """The first dimension in which two shapes cannot be broadcast, with its name for images."""
    if len(shapes) != 2:
        return None
    pairs = list(zip(*(shape[::-1] for shape in shapes), strict=False))
    wrong = [(place, a, b) for place, (a, b) in enumerate(pairs) if a != b and 1 not in (a, b)]
    if not wrong:
        return None
    place, a, b = wrong[-1]
    names = {0: "columns", 1: "rows", 2: "channels"} if len(shapes[0]) == 4 else {0: "features"}
    return a, b, names.get(place, f"values in dimension -{place + 1}")


def stand_in(args: Any) -> torch.Tensor | None:
    """What to go on with after an operation failed: the first tensor that it was given."""
    return next(tensors_in(args), None)
