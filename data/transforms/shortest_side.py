"""Shortest side: scaled as torchvision's Resize and CenterCrop do it, so that its pretrained networks see their own."""

from __future__ import annotations

from data.placement import Placement, Size, placed
from data.transforms import resize_mode


@resize_mode("shortest_side", "Shortest side (as torchvision)")
def shortest_side(source: Size, target: Size) -> Placement:
    """The shorter side becomes the frame's shorter side, the middle is kept; a longer frame is filled at its ends."""
    side = min(target)
    short, long = min(source), max(source)
    length = max(1, int(side * long / short))  # torchvision cuts the fraction off, and rounds half of a cut to even
    scaled = Size(side, length) if source.width <= source.height else Size(length, side)
    return placed(scaled, target, half=round)
