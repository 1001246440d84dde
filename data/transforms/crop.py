"""Crop: the shorter side is scaled to fit, the middle of the longer one is kept."""

from __future__ import annotations

from data.placement import Placement, Size, placed, scale
from data.transforms import resize_mode


@resize_mode("crop", "Crop (scale the shorter side, cut the middle)")
def crop(source: Size, target: Size) -> Placement:
    """The picture is scaled until it just covers the frame; both ends of the longer side are cut off."""
    across, down = source.width / target.width, source.height / target.height
    if across > down:
        return placed(Size(scale(source, down).width, target.height), target)
    return placed(Size(target.width, scale(source, across).height), target)
