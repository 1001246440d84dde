"""A starving input pipeline: the network waits for images."""

from __future__ import annotations

from statistics import median

from models.training.doctor import Finding, rule
from models.training.doctor.history import History

MANY = 0.4


@rule("starving", "Waiting for images")
def starving(history: History) -> Finding | None:
    """A large share of the time goes by waiting for the next images."""
    if len(history.waits) < 5:
        return None
    share = median(history.waits)
    if share < MANY:
        return None
    return Finding(
        f"Training waits for its images {share:.0%} of the time: reading and augmenting them is slower than learning.",
        (
            "Less or cheaper augmentation",
            "A dataset of the size the network wants, not larger",
            "More CPU cores",
            "A faster disk",
        ),
        ("input/wait", "samples_per_second"),
    )
