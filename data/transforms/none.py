"""None: nothing is scaled; an image of another size is no record of the dataset."""

from __future__ import annotations

from data.errors import UserError
from data.placement import Placement, Size, placed
from data.transforms import resize_mode


@resize_mode("none", "None (images have this size already)")
def none(source: Size, target: Size) -> Placement:
    """No pixel is changed; an image of another size is listed as failed and left out. Raises UserError for such."""
    if source != target:
        raise UserError(
            f"The image is {source.width}x{source.height}, the dataset {target.width}x{target.height}.",
            hint='The resize mode "none" scales nothing: choose another one, or scale the image first.',
        )
    return placed(target, target)
