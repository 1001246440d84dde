"""Occlusion (Zeiler and Fergus 2013, arXiv 1311.2901): cover a patch, and see what becomes of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch

from data.options import option
from models.attribution.method import Map, method
from models.attribution.passes import Subject, forward

BATCH = 32


FILLS = {"blank": "Mean of the training images", "black": "Black", "white": "White"}


@dataclass(frozen=True)
class OcclusionOptions:
    """The patch, and what covers it."""

    patch: Annotated[
        int, option("Patch", "Side of the covered square; 0: a seventh of the image.", ge=0, unit="px")
    ] = 0
    stride: Annotated[int, option("Stride", "From one patch to the next; 0: half a patch.", ge=0, unit="px")] = 0
    fill: Annotated[
        Literal["blank", "black", "white"],
        option("Cover", "What the patch is covered with.", labels=FILLS),
    ] = "blank"  # fmt: skip


@method("occlusion", "Occlusion", OcclusionOptions, wave=2, order=7, source="Zeiler and Fergus 2013")
def occlusion(subject: Subject, options: OcclusionOptions) -> Map:
    """By how much the target falls when a patch is covered, averaged over the patches that cover a pixel."""
    fill = {"blank": subject.blank, "black": subject.low, "white": subject.high}[options.fill]
    height, width = subject.image.shape[2:]
    patch = min(options.patch or max(2, round(min(height, width) / 7)), height, width)
    stride = options.stride or max(1, patch // 2)
    places = [(top, left) for top in starts(height, patch, stride) for left in starts(width, patch, stride)]
    total, counts = torch.zeros(height, width), torch.zeros(height, width)
    with torch.no_grad():
        score = float(forward(subject).value)
        for first in range(0, len(places), BATCH):
            some = places[first : first + BATCH]
            values = forward(subject, covered(subject.image, fill, some, patch)).value.cpu()
            for (top, left), value in zip(some, values.tolist(), strict=True):
                window = (slice(top, top + patch), slice(left, left + patch))
                total[window] += score - value
                counts[window] += 1
    return Map((total / counts.clamp(min=1))[None], notes=(f"{len(places)} patches of {patch} x {patch} pixels",))


def starts(length: int, patch: int, stride: int) -> list[int]:
    """Where patches begin; the last one ends at the edge, so that every pixel is covered."""
    found = list(range(0, length - patch + 1, stride))
    return found if found[-1] == length - patch else [*found, length - patch]


def covered(image: torch.Tensor, fill: torch.Tensor, places: list[tuple[int, int]], patch: int) -> torch.Tensor:
    """Copies of ``image`` [1, c, h, w], each with one square covered."""
    copies = image.repeat(len(places), 1, 1, 1)
    fill = fill.expand_as(image)
    for copy, (top, left) in zip(copies, places, strict=True):
        window = (slice(None), slice(top, top + patch), slice(left, left + patch))
        copy[window] = fill[0][window]
    return copies
