"""SmoothGrad (Smilkov et al. 2017, arXiv 1706.03825)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch

from data.options import option
from models.attribution.method import Map, method
from models.attribution.passes import Subject, input_gradient


@dataclass(frozen=True)
class SmoothGradOptions:
    """How much noise, and how often."""

    noise: Annotated[float, option("Noise", "Standard deviation, as a share of the pixels' range.", ge=0, le=1)] = 0.15
    samples: Annotated[int, option("Samples", "Noisy copies that are averaged.", ge=1, le=500)] = 24
    seed: Annotated[int, option("Seed", "The same seed gives the same map.", ge=0)] = 0


@method("smoothgrad", "SmoothGrad", SmoothGradOptions, wave=2, order=3, source="Smilkov et al. 2017")
def smoothgrad(subject: Subject, options: SmoothGradOptions) -> Map:
    """The mean gradient over noisy copies of the image, which takes the grain out of it."""
    generator = torch.Generator().manual_seed(options.seed)
    image, total = subject.image, torch.zeros_like(subject.image)
    deviation = options.noise * (subject.high - subject.low).abs().amax((2, 3), keepdim=True)
    for first in range(0, options.samples, BATCH):
        count = min(BATCH, options.samples - first)
        noise = torch.randn(count, *image.shape[1:], generator=generator).to(image.device)
        _, found = input_gradient(subject, image + deviation * noise)
        total += found.sum(0, keepdim=True)
    return Map((total / options.samples)[0].float().cpu(), reduction="norm")


BATCH = 8
