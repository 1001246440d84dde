"""Overfitting: what is learnt of the training images no longer holds for others."""

from __future__ import annotations

from collections.abc import Sequence

from models.training.doctor import Finding, rule
from models.training.doctor.history import History, Report

TRIES = (
    "Augmentation: mirroring, crops, mixup",
    "More weight decay or dropout",
    "A smaller network, or one that starts from pretrained weights",
    "Stopping early, and using the best checkpoint",
    "More images",
)


@rule("overfitting", "Overfitting", hides=("plateau",))
def overfitting(history: History) -> Finding | None:
    """Validation loss rises while training loss falls, or validation lags far behind."""
    both = [report for report in history.reports if {"train/loss", "val/loss"} <= report.values.keys()]
    if len(both) < 3:
        return None
    return _rises(both) or _gap(both[-1])


def _rises(both: Sequence[Report]) -> Finding | None:
    """At least two reports after the best one, clearly worse, with a training loss that went on falling."""
    best = min(range(len(both)), key=lambda index: both[index].values["val/loss"])
    at, now = both[best].values, both[-1].values
    recent = min(report.values["val/loss"] for report in both[-2:])
    worse = recent > 1.1 * at["val/loss"] and recent - at["val/loss"] > 0.03
    if len(both) - 1 - best < 2 or not worse or now["train/loss"] > 0.95 * at["train/loss"]:
        return None
    return Finding(
        f"Overfitting: since epoch {both[best].epoch:.3g} the validation loss has risen from {at['val/loss']:.3g} to "
        f"{now['val/loss']:.3g}, while the training loss fell from {at['train/loss']:.3g} to {now['train/loss']:.3g}.",
        TRIES,
        ("train/loss", "val/loss"),
    )


def _gap(last: Report) -> Finding | None:
    values = last.values
    seen, unseen = values.get("train/accuracy"), values.get("val/accuracy")
    if seen is None or unseen is None or seen < 0.9 or seen - unseen < 0.15:
        return None
    if values["val/loss"] < 2 * values["train/loss"]:
        return None
    return Finding(
        f"Overfitting: {seen:.1%} of the training images are right, but only {unseen:.1%} of the validation images.",
        TRIES,
        ("train/accuracy", "val/accuracy"),
    )
