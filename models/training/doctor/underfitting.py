"""Underfitting: even the training images are not learnt, and no longer getting better."""

from __future__ import annotations

from models.training.doctor import Finding, rule
from models.training.doctor.history import History


@rule("underfitting", "Underfitting", hides=("plateau",))
def underfitting(history: History) -> Finding | None:
    """Training has stalled with many training images wrong, and validation is no worse."""
    parts, seen, unseen = history.parts(6), history.series("train/accuracy"), history.series("val/accuracy")
    if len(parts) < 6 or len(seen) < 4 or history.augmented:
        return None
    guess = 1 / max(2, history.classes)
    stalled = parts[-1] > 0.95 * parts[-2] > 0.9 * parts[-3]
    some = seen[-1] > guess + 0.05
    if not stalled or not some or seen[-1] > 0.85 or (unseen and seen[-1] - unseen[-1] > 0.05):
        return None
    return Finding(
        f"Underfitting: only {seen[-1]:.1%} of the training images are right, the training loss has stalled at "
        f"{parts[-1]:.3g}, and validation is no worse: the network cannot do more, or is held back.",
        (
            "A larger network",
            "Less weight decay, dropout or augmentation",
            "A larger learning rate for longer",
            "Larger images",
        ),
        ("train/loss", "train/accuracy"),
    )
