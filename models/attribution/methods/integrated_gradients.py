"""Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365), by the midpoint rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch

from data.options import option
from models.attribution.method import Completeness, Map, method
from models.attribution.passes import Subject, forward, input_gradient

BATCH = 10
MOST = 300
ENOUGH = 0.05


@dataclass(frozen=True)
class IntegratedOptions:
    """From where, and in how many steps."""

    baseline: Annotated[
        Literal["blank", "black", "white"],
        option("Baseline", "The image that shows nothing; the map explains the difference to it.",
               labels={"blank": "Mean of the training images", "black": "Black", "white": "White"}),
    ] = "blank"  # fmt: skip
    steps: Annotated[int, option("Steps", "Doubled by itself while the parts do not add up.", ge=1, le=MOST)] = 50


@method(
    "integrated_gradients",
    "Integrated gradients",
    IntegratedOptions,
    wave=2,
    order=6,
    source="Sundararajan et al. 2017",
)
def integrated_gradients(subject: Subject, options: IntegratedOptions) -> Map:
    """Each pixel's part of the difference between this image's score and that of an image that shows nothing."""
    baseline = {"blank": subject.blank, "black": subject.low, "white": subject.high}[options.baseline]
    baseline = baseline.expand_as(subject.image)
    with torch.no_grad():
        value, start = forward(subject, torch.cat([subject.image, baseline])).value.tolist()
    steps = options.steps
    while True:
        found = (subject.image - baseline) * mean_gradient(subject, baseline, steps)
        completeness = Completeness(value - start, float(found.sum()))
        if completeness.error <= ENOUGH or steps >= MOST:
            break
        steps = min(2 * steps, MOST)
    return Map(found[0].float().cpu(), completeness=completeness, notes=(f"{steps} steps",))


def mean_gradient(subject: Subject, baseline: torch.Tensor, steps: int) -> torch.Tensor:
    """The mean gradient [1, c, h, w] along the straight line to the image; midpoints err least on ReLU networks."""
    total = torch.zeros_like(subject.image)
    shares = (torch.arange(steps, device=total.device) + 0.5) / steps
    for part in torch.split(shares, BATCH):
        images = baseline + part.view(-1, 1, 1, 1) * (subject.image - baseline)
        total += input_gradient(subject, images)[1].sum(0, keepdim=True)
    return total / steps
