"""What can be trained on: datasets of boxes and masks can be read and browsed, and training on them comes later."""

from __future__ import annotations

from data.errors import UserError

CLASSIFICATION = "image_classification"
_HOLDS = {"detection": "boxes", "segmentation": "masks"}


def require_trainable(kind: str, name: str = "This dataset") -> None:
    """Raises UserError, field "dataset", for a kind of dataset that nothing is trained on yet."""
    if kind != CLASSIFICATION:
        raise UserError(
            f"{name} holds {_HOLDS.get(kind, kind)}; training on them comes later.",
            field="dataset",
            hint="Choose a dataset with one class an image.",
        )
