"""Squash: both sides are scaled to fit, each by its own ratio."""

from __future__ import annotations

from data.placement import Placement, Size, placed
from data.transforms import resize_mode


@resize_mode("squash", "Squash (ignore the aspect ratio)")
def squash(source: Size, target: Size) -> Placement:
    """Width and height are scaled separately; the aspect ratio is lost, no pixel is."""
    return placed(target, target)
