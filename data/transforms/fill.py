"""Fill: the longer side is scaled to fit, the rest of the frame is filled."""

from __future__ import annotations

from data.placement import Placement, Size, even_room, placed, scale
from data.transforms import resize_mode


@resize_mode("fill", "Fill (scale the longer side, pad the rest)")
def fill(source: Size, target: Size) -> Placement:
    """The whole picture is kept with its aspect ratio; the room beside it is filled with noise or a colour."""
    across, down = source.width / target.width, source.height / target.height
    if across > down:
        return placed(Size(target.width, even_room(scale(source, across).height, target.height)), target)
    return placed(Size(even_room(scale(source, down).width, target.width), target.height), target)
