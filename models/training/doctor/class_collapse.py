"""Class collapse: the network answers nearly always the same."""

from __future__ import annotations

from models.training.doctor import BAD, Finding, rule
from models.training.doctor.history import History


@rule("class_collapse", "Class collapse", hides=("underfitting", "plateau"))
def class_collapse(history: History) -> Finding | None:
    """Nearly all validation images get one class, which only some of them are."""
    total = sum(history.predicted)
    if total < 10 or len(history.reports) < 1:
        return None
    index = max(range(len(history.predicted)), key=lambda place: history.predicted[place])
    share, truth = history.predicted[index] / total, history.actual[index] / max(1, sum(history.actual))
    if share < 0.95 or share - truth < 0.2:
        return None
    name = history.names[index] if index < len(history.names) else str(index)
    return Finding(
        f'Class collapse: {share:.0%} of the validation images are taken for "{name}", which {truth:.0%} of them are.',
        (
            "A smaller learning rate",
            "Balanced sampling or class weights",
            "Checking that images and labels belong together",
        ),
        ("val/accuracy", "train/loss"),
        BAD,
    )
