"""Weights as pictures: first filters in their colours, deeper ones by input channel or principal component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.errors import UserError
from models.units.colours import as_colour, coloured

DUPLICATE = 0.98
"""A cosine from which two filters are called alike."""
MOST_COMPARED = 2048


@dataclass(frozen=True)
class Kernel:
    """A layer's weights, units first: [units, inputs, h, w] for convolutions, [units, inputs] for dense layers."""

    values: torch.Tensor
    bias: torch.Tensor | None
    groups: int = 1


def kernel_of(network: torch.nn.Module, parameter: str, op: str) -> Kernel:
    """The weights called ``parameter`` ("conv1.weight") as the operation ``op`` uses them."""
    parameters = dict(network.named_parameters())
    weight = parameters[parameter].detach()
    bias = parameters.get(parameter.removesuffix("weight") + "bias")
    if op.startswith("conv_transpose"):
        weight = weight.transpose(0, 1)
    return Kernel(weight.float(), None if bias is None else bias.detach().float())


def unit_norms(kernel: Kernel) -> torch.Tensor:
    """The length of each unit's weights, float32 [units]."""
    found: torch.Tensor = kernel.values.flatten(1).norm(dim=1)
    return found


def dead(kernel: Kernel) -> list[int]:
    """Units whose weights are all (next to) zero: they say the same for every image."""
    norms = unit_norms(kernel)
    return torch.nonzero(norms <= 1e-3 * norms.median().clamp(min=1e-12))[:, 0].tolist()


def duplicates(kernel: Kernel) -> list[list[int]]:
    """Pairs of units whose weights point the same way (cosine from 0.98), the closest first, at most 50."""
    rows = kernel.values.flatten(1)
    if len(rows) > MOST_COMPARED or rows.shape[1] < 4:
        return []
    unit = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    alike = (unit @ unit.T).triu(1)
    pairs = torch.nonzero(alike >= DUPLICATE)
    order = alike[pairs[:, 0], pairs[:, 1]].argsort(descending=True)[:50]
    found: list[list[int]] = pairs[order].tolist()
    return found


def tiles(kernel: Kernel, first: int, count: int, colour: bool) -> tuple[NDArray[np.uint8], str, float]:
    """Pictures uint8 [n, h, w, 3] of units from ``first``, how they are coloured, and the value at full colour.

    Filters on colour images are shown in colour; deeper ones by their first principal component over the inputs, which
    is the pattern that most of their input channels share; dense layers as one row of weights folded into a rectangle.
    """
    some = kernel.values[first : first + count]
    if some.ndim == 2:
        return _folded(some)
    if some.ndim == 3:  # one-dimensional convolutions
        some = some.unsqueeze(2)
    if colour and some.shape[1] == 3:
        return as_colour(some), "colour", float(some.abs().max())
    shown = some[:, 0] if some.shape[1] == 1 else principal(some)
    pictures, kind = coloured(shown, shown.abs().flatten(1).amax(1))
    return pictures, kind, float(shown.abs().max())


def principal(filters: torch.Tensor) -> torch.Tensor:
    """The first principal component [n, h, w] of filters [n, inputs, h, w] over their inputs, with size and sign."""
    rows = filters.flatten(2)  # [n, inputs, h * w]
    if rows.shape[2] == 1:
        return rows.mean(1).view(-1, *filters.shape[2:])
    _, vectors = torch.linalg.eigh(rows.transpose(1, 2) @ rows)
    component = vectors[:, :, -1]
    share = (rows @ component.unsqueeze(2)).squeeze(2)  # how much each input channel uses it
    sign = torch.where(share.sum(1) < 0, -1.0, 1.0)
    found: torch.Tensor = (component * (sign * share.norm(dim=1)).unsqueeze(1)).view(-1, *filters.shape[2:])
    return found


def unit_tiles(kernel: Kernel, unit: int) -> tuple[NDArray[np.uint8], str, float]:
    """Every input channel's part of one filter, uint8 [inputs, h, w, 3], on one scale. Raises UserError."""
    if not 0 <= unit < len(kernel.values):
        raise UserError(f"This layer has {len(kernel.values)} units, so none is {unit}.", field="unit")
    own = kernel.values[unit]
    if own.ndim == 1:
        return _folded(own[None])
    own = own.unsqueeze(1) if own.ndim == 2 else own
    pictures, kind = coloured(own)
    return pictures, kind, float(own.abs().max())


def _folded(rows: torch.Tensor) -> tuple[NDArray[np.uint8], str, float]:
    """Rows [n, f] as rectangles that are about square, scaled for each row."""
    size = rows.shape[1]
    width = next((w for w in range(int(size**0.5), 0, -1) if size % w == 0), 1)
    width = width if width * 4 >= size**0.5 else int(size**0.5)
    rows = torch.nn.functional.pad(rows, (0, -size % width))
    shown = rows.view(len(rows), width, -1)
    pictures, kind = coloured(shown, shown.abs().flatten(1).amax(1))
    return pictures, kind, float(rows.abs().max())


def matrix(kernel: Kernel, most: int = 512) -> tuple[NDArray[np.uint8], float, int]:
    """A dense layer as one picture uint8 [units, inputs, 3], thinned by blocks whose largest weight is kept (with its
    sign), the value at full colour, and how many weights a pixel stands for along a side."""
    values = kernel.values.flatten(1)
    step = max(1, -(-max(values.shape) // most))
    if step > 1:
        padded = torch.nn.functional.pad(values, (0, -values.shape[1] % step, 0, -values.shape[0] % step))
        blocks = padded.unfold(0, step, step).unfold(1, step, step).flatten(2)
        values = blocks.gather(2, blocks.abs().argmax(2, keepdim=True))[..., 0]
    pictures, _ = coloured(values)
    return pictures, float(kernel.values.abs().max()), step


def facts(kernel: Kernel) -> dict[str, Any]:
    """Dead units, units that are alike, and the length of each."""
    return {
        "dead": dead(kernel),
        "duplicates": duplicates(kernel),
        "norms": [round(value, 6) for value in torch.nan_to_num(unit_norms(kernel)).tolist()],
    }
