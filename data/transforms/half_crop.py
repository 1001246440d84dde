"""Half crop: between crop and fill; a little is cut from the longer side, a little filled beside the shorter."""

from __future__ import annotations

from data.placement import Placement, Size, even_room, placed, scale
from data.transforms import resize_mode


@resize_mode("half_crop", "Half crop, half fill")
def half_crop(source: Size, target: Size) -> Placement:
    """The picture is scaled by the mean of the two ratios: the longer side is cut, beside the shorter is filled."""
    across, down = source.width / target.width, source.height / target.height
    if across == down:
        return placed(target, target)
    scaled = scale(source, (across + down) / 2)
    if across > down:
        return placed(Size(max(scaled.width, target.width), even_room(scaled.height, target.height)), target)
    return placed(Size(even_room(scaled.width, target.width), max(scaled.height, target.height)), target)
