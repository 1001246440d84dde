"""Validation far above training: the images may overlap, or training may be made much harder than validation."""

from __future__ import annotations

from models.training.doctor import Finding, rule
from models.training.doctor.history import History


@rule("leakage", "Validation far above training")
def leakage(history: History) -> Finding | None:
    """In the last three reports validation was right much more often than training."""
    both = [r.values for r in history.reports if {"train/accuracy", "val/accuracy"} <= r.values.keys()][-3:]
    if len(both) < 3 or history.augmented or min(r["val/accuracy"] - r["train/accuracy"] for r in both) < 0.12:
        return None
    last = both[-1]
    return Finding(
        f"Validation ({last['val/accuracy']:.1%}) is far above training ({last['train/accuracy']:.1%}): the validation "
        "images may be among the training images or easier than they are, or dropout makes training very hard.",
        ("Looking for duplicates across the splits", "Checking how the splits were made", "Less dropout"),
        ("train/accuracy", "val/accuracy"),
    )
