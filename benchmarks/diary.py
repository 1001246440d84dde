"""What keeping the learning diary costs the training loop: its share of the loop's own thread, LeNet on MNIST.

The network is so small that a step is mostly overhead: on any other the share is less. Both are measured in the same
run in seconds of the thread, so that neighbours do not matter. The work for an image of ImageNet is timed
by itself beside it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._training import WARM_UP, finished_mnist, mnist_folder, product
from models.train_options import TrainOptions
from models.training.augment import Selection
from models.training.diary import Diarist
from models.training.plan import make_plan

CLAIMED = 0.01
SPENT = {"seconds": 0.0}


def main() -> None:
    """One run in this process, on one thread."""
    quick = arguments(__doc__ or "").quick
    torch.set_num_threads(1)
    for name in ("answered", "stepped", "write"):
        setattr(Diarist, name, counted(getattr(Diarist, name)))
    with tempfile.TemporaryDirectory() as home:
        dataset = finished_mnist(mnist_folder(Path(home)), Path(home))
        share = share_of_the_loop(dataset, 30_000 if quick else 200_000)
    print(f"1.3 million images of 1,000 classes: {large():.1f} us an image in batches of 256, on the CPU")
    verdict(Claim("the diary's share of the loop", share, most=CLAIMED))


def counted(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with the seconds of this thread that it takes added to SPENT."""

    @wraps(work)
    def call(*values: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return work(*values, **named)
        finally:
            SPENT["seconds"] += time.thread_time() - began

    return call


def share_of_the_loop(dataset: Path, images: int) -> float:
    """Seconds in the diary over all seconds of the loop, epochs' ends and files included."""
    steps = product(dataset, images)
    for _ in range(WARM_UP):
        next(steps)
    began, before, done = time.thread_time(), SPENT["seconds"], 0
    while done < images:
        done += next(steps)
    share = (SPENT["seconds"] - before) / (time.thread_time() - began)
    steps.close()  # type: ignore[attr-defined]
    return share


def large() -> float:
    """Microseconds for an image: measuring the scores and taking in the figures, without the files."""
    records, classes, size, steps = 1_300_000, 1000, 256, 200
    options = TrainOptions(dataset="d", batch_size=size, validation_interval=0)
    plan = make_plan(options, records, validates=False)
    none, order = np.zeros(size, np.int64), np.random.default_rng(0).permutation(records)
    parts = (Selection(order[first : first + size], none, none, none > 0) for first in range(0, records, size))
    scores, targets = torch.randn(size, classes), torch.zeros(size, dtype=torch.int64)
    with tempfile.TemporaryDirectory() as home:
        diary = Diarist(Path(home) / "diary", np.arange(records) % classes, plan, {"dataset": "d"})
        before = SPENT["seconds"]
        for step, _ in zip(range(1, steps + 1), diary.follow(parts), strict=False):
            diary.answered(scores, targets)
            diary.stepped(step)
        return (SPENT["seconds"] - before) / steps / size * 1e6


if __name__ == "__main__":
    sys.exit(main())
