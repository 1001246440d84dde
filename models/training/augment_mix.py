"""Mixup and CutMix: pairs of images in one, with shares of two classes as the target."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

Chance = np.random.Generator


def mix(
    images: torch.Tensor, labels: torch.Tensor, chance: Chance, classes: int, alphas: tuple[float, float]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mixup or CutMix of every image with the one before it; ``alphas`` of both, 0 for never, else drawn by batch.

    ``images`` float [n, c, h, w], ``labels`` int64 [n]; the targets are float [n, classes] and add up to 1. One share
    a batch, from Beta(alpha, alpha), as in the papers (Zhang et al. 2018; Yun et al. 2019).
    """
    mixup, cutmix = alphas
    cuts = bool(cutmix) and (not mixup or chance.random() < 0.5)
    share = float(chance.beta(*(cutmix if cuts else mixup,) * 2))
    other = images.roll(1, 0)
    if cuts:
        top, bottom, left, right = _box(images.shape[2], images.shape[3], 1 - share, chance)
        images = images.clone()
        images[:, :, top:bottom, left:right] = other[:, :, top:bottom, left:right]
        share = 1 - (bottom - top) * (right - left) / (images.shape[2] * images.shape[3])
    else:
        images = torch.lerp(other, images, share)
    targets = F.one_hot(labels, classes).float()
    return images, torch.lerp(targets.roll(1, 0), targets, share)


def _box(height: int, width: int, area: float, chance: Chance) -> tuple[int, int, int, int]:
    """A rectangle of this share of the area around a random point, cut off at the border: top, bottom, left, right."""
    edges: list[int] = []
    for length in (height, width):
        half, centre = length * math.sqrt(area) / 2, int(chance.integers(length))
        edges += [max(0, round(centre - half)), min(length, round(centre + half))]
    return edges[0], edges[1], edges[2], edges[3]
