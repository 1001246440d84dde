"""How far an explanation can be trusted: deletion and insertion curves, and the check with random weights.

Deletion: Samek et al. 2017 (doi 10.1109/TNNLS.2016.2599820), with the blank image as fill: with random fill a mere
gradient wins. Random weights: Adebayo et al. 2018 (arXiv 1810.03292), by the signed rank correlation on pixels that are
not blank, since on a plain background absolute values agree whatever the weights are.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from models.attribution.method import Method
from models.attribution.passes import Subject, forward

STEPS = 20
SIMILAR = 0.3
"""A rank correlation above which a map with random weights is called the same as before."""


def regions(relevance: torch.Tensor, patch: int) -> list[tuple[int, int]]:
    """Top left corners of squares that tile the map [h, w], the most relevant first."""
    padded = F.pad(relevance[None, None], (0, -relevance.shape[1] % patch, 0, -relevance.shape[0] % patch))
    means = F.avg_pool2d(padded, patch, divisor_override=1)[0, 0]
    order = means.flatten().argsort(descending=True, stable=True)
    return [(int(place) // means.shape[1] * patch, int(place) % means.shape[1] * patch) for place in order]


def path(subject: Subject, relevance: torch.Tensor, patch: int, steps: int, insert: bool = False) -> torch.Tensor:
    """Values [steps + 1] of the target while the most relevant squares are blanked, or shown on a blank image."""
    blank = subject.blank.expand_as(subject.image)
    start, fill = (blank, subject.image) if insert else (subject.image, blank)
    images, now = [start], start
    places = regions(relevance, patch)
    each = max(1, -(-len(places) // steps)) if insert else 1
    for first in range(0, min(len(places), steps * each), each):
        now = now.clone()
        for top, left in places[first : first + each]:
            window = (..., slice(top, top + patch), slice(left, left + patch))
            now[window] = fill[window]
        images.append(now)
    with torch.no_grad():
        return torch.cat([forward(subject, torch.cat(images[at : at + 16])).value for at in range(0, len(images), 16)])


def aopc(subject: Subject, relevance: torch.Tensor, patch: int, steps: int = STEPS) -> float:
    """Area over the deletion curve: by how much the target falls on average over ``steps`` squares."""
    values = path(subject, relevance, patch, steps)
    return float((values[0] - values).mean())


def curves(subject: Subject, relevance: torch.Tensor) -> dict[str, Any]:
    """Deletion and insertion, each beside the mean of three random orders; all of the image in about 20 steps."""
    side = max(1, round((subject.image.shape[2] * subject.image.shape[3]) ** 0.5 / 7))
    pieces = len(regions(relevance, side))
    steps = min(STEPS, pieces)
    found: dict[str, Any] = {"patch": side, "share": steps * side * side / relevance.numel()}
    noise = [torch.rand(relevance.shape, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    for name, insert in (("deletion", False), ("insertion", True)):
        by_chance = torch.stack([path(subject, item, side, steps, insert) for item in noise]).mean(0)
        values = path(subject, relevance, side, steps, insert)
        found[name] = {"values": values.tolist(), "random": by_chance.tolist()}
    fall = torch.tensor(found["deletion"]["random"]) - torch.tensor(found["deletion"]["values"])
    rise = torch.tensor(found["insertion"]["values"]) - torch.tensor(found["insertion"]["random"])
    return {**found, "deletion_gain": float(fall.mean()), "insertion_gain": float(rise.mean())}


def randomized(subject: Subject, method: Method, options: Any, seeds: int = 3) -> dict[str, Any]:
    """Rank correlation of the map with that of the same network whose last two weighted layers, and all layers, are
    random. ``sensitive`` where the map does not survive that the deciding layers know nothing any more."""
    before = method.run(subject, options).flat
    shown = (subject.image - subject.blank).abs().amax((0, 1)).cpu() > 1e-6
    shown = shown if int(shown.sum()) >= 16 else torch.ones_like(shown)
    found = {}
    for name, layers in (("last_two", 2), ("all", None)):
        alike = []
        for seed in range(seeds):
            other = replace(subject, network=with_random_weights(subject.network, layers, seed), cache={})
            alike.append(spearman(before[shown], method.run(other, options).flat[shown]))
        found[name] = sum(alike) / len(alike)
    return {**found, "sensitive": abs(found["last_two"]) <= SIMILAR, "insensitive": method.insensitive}


def with_random_weights(network: nn.Module, last: int | None, seed: int) -> nn.Module:
    """A copy whose last weighted layers (None: all) have new weights of the old size in every layer."""
    copied = copy.deepcopy(network)
    matrices = [weight for name, weight in copied.named_parameters() if weight.ndim > 1 and name.endswith("weight")]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in matrices if last is None else matrices[-last:]:
            values = torch.randn(weight.shape, generator=generator)
            weight.copy_(values * weight.float().cpu().std())
    return copied


def spearman(left: torch.Tensor, right: torch.Tensor) -> float:
    """Rank correlation of two rows of values; 0 where one is constant."""
    ranks = torch.stack(
        [values.argsort(stable=True, dim=0).argsort(stable=True, dim=0).double() for values in (left, right)]
    )
    if any(bool((values == values[0]).all()) for values in (left, right)):
        return 0.0
    return float(torch.corrcoef(ranks)[0, 1])
