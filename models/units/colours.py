"""Colour maps for values: signed ones diverge from white (blue and orange, safe for the colour-blind), others grow.

Tables of 256 colours, made from a few anchors; never a rainbow.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

DIVERGING = ("#0b3c6f", "#2f7fbf", "#9fcbe6", "#f7f7f7", "#f6c48f", "#d9731f", "#7a3300")
GROWING = ("#03051a", "#35255d", "#7d2a6b", "#c73e4c", "#f0825f", "#f6c9a2", "#faebdd")
WRONG = (255, 0, 255)
"""Where a value is not finite."""


def table(anchors: tuple[str, ...]) -> NDArray[np.uint8]:
    """256 colours [256, 3] through the anchors."""
    points = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in anchors], np.float64)
    places = np.linspace(0, len(points) - 1, 256)
    return np.stack([np.interp(places, range(len(points)), points[:, c]) for c in range(3)], 1).round().astype(np.uint8)


TABLES = {"signed": table(DIVERGING), "growing": table(GROWING)}


def coloured(values: torch.Tensor, limit: float | torch.Tensor | None = None) -> tuple[NDArray[np.uint8], str]:
    """uint8 RGB [..., 3] of values [...] and the map that was used: "signed" (``-limit..limit``) where any is negative,
    else "growing" (``0..limit``). ``limit`` is the largest magnitude unless given (a tensor: one for each first index).
    """
    floats = values.detach().float().cpu()
    finite = torch.isfinite(floats)
    clean = torch.where(finite, floats, 0.0)
    limit = clean.abs().amax() if limit is None else limit
    if isinstance(limit, torch.Tensor) and limit.ndim:
        limit = limit.view(-1, *[1] * (clean.ndim - 1))
    scale = torch.as_tensor(limit, dtype=torch.float32).clamp(min=1e-12)
    signed = bool((clean < 0).any())
    shares = (clean / scale + 1) / 2 if signed else clean / scale
    places = (shares.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    colours = TABLES["signed" if signed else "growing"][places]
    colours[~finite.numpy()] = WRONG
    return colours, "signed" if signed else "growing"


def robust_limit(values: torch.Tensor, share: float = 0.995) -> float:
    """The magnitude that all but a few values stay below, so that one outlier does not make a map blank."""
    magnitudes = values.detach().abs().flatten().float()
    magnitudes = magnitudes[torch.isfinite(magnitudes)]
    if magnitudes.numel() == 0:
        return 1.0
    limit = float(magnitudes.kthvalue(max(1, int(share * magnitudes.numel()))).values)
    return limit or float(magnitudes.max()) or 1.0


def as_colour(weights: torch.Tensor) -> NDArray[np.uint8]:
    """uint8 RGB [n, h, w, 3] of filters [n, 3, h, w] on colour images, each scaled about grey by its own largest."""
    floats = torch.nan_to_num(weights.detach().float().cpu())
    largest = floats.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-12)
    return ((0.5 + floats / (2 * largest)) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
