"""What the live statistics of all layers cost: their share of the training's wall time, measured inside the loop.

Norms, ratios, dead units every 20 steps and histograms every 200 (the defaults), of every weight, gradient and
activation. The share is the time by which a step that is looked at is longer than the median of those around it, summed
and divided by the time of all steps: no difference of two throughputs, which would drown in their spread.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._training import finished_mnist, mnist_folder

CLAIMED = 0.02
NETWORKS = {"lenet": 64, "resnet18": 64}


@dataclass
class Timed:
    """An updater and its watcher with a stopwatch."""

    training: Any
    seconds: list[float]
    looked: list[bool]

    def __call__(self, batch: Any, rate: float, step: int, watcher: Any = None) -> Any:
        start = time.perf_counter()
        result = self.training.updater(batch, rate, step, watcher)
        self.seconds.append(time.perf_counter() - start)
        self.looked.append(watcher is not None)
        return result

    def due(self, step: int) -> bool:
        return bool(self.training.watcher.due(step))

    def forward(self) -> Any:
        return self.training.watcher.forward()

    def before(self) -> None:
        self.training.watcher.before()

    def after(self, step: int) -> Iterator[Any]:
        start = time.perf_counter()
        events = list(self.training.watcher.after(step))
        self.seconds[-1] += time.perf_counter() - start
        yield from events

    @property
    def matrices(self) -> Any:
        return self.training.watcher.matrices

    def __getattr__(self, name: str) -> Any:
        return getattr(self.training.updater, name)


def share(dataset: Path, network: str, steps: int) -> float:
    """The share of wall time spent on statistics while ``network`` trains."""
    from data.database import open_dataset
    from models.networks import networks
    from models.train_options import TrainOptions, completed
    from models.training.loop import train
    from models.training.setup import Order, set_up

    batch = NETWORKS[network]
    options = completed(
        TrainOptions(dataset="d", network=network, epochs=100, batch_size=batch, validation_interval=0, seed=0)
    )
    with tempfile.TemporaryDirectory() as home:
        for name in ("artifacts", "checkpoints"):
            (Path(home) / name).mkdir()
        order = Order(Path(home), open_dataset(dataset), "d", options, networks[network].source, None)
        events = set_up(order)
        try:
            while True:
                next(events)
        except StopIteration as ready:
            training = ready.value
        timed = Timed(training, [], [])
        for _ in train(replace(training, updater=timed, watcher=timed)):
            if len(timed.seconds) >= steps:
                break
    return _share(timed.seconds[20:], timed.looked[20:])


def _share(seconds: list[float], looked: list[bool]) -> float:
    extra = 0.0
    for place, was in enumerate(looked):
        if was:
            near = slice(max(0, place - 15), place + 15)
            around = [one for one, other in zip(seconds[near], looked[near], strict=True) if not other]
            extra += seconds[place] - median(around)
    return extra / sum(seconds)


def main() -> None:
    """Rounds of each network; the median share counts."""
    quick = arguments(__doc__ or "").quick
    rounds = 3 if quick else 5
    claims = []
    with tempfile.TemporaryDirectory() as home:
        dataset = finished_mnist(mnist_folder(Path(home)), Path(home))
        for network in NETWORKS:
            steps = {"lenet": 1200, "resnet18": 160}[network] * (1 if quick else 3)
            shares = [share(dataset, network, steps) for _ in range(rounds)]
            print(f"  {network}: {', '.join(f'{value:.2%}' for value in shares)} of the wall time")
            claims.append(Claim(f"statistics' share of the time, {network}", median(shares), most=CLAIMED))
    verdict(*claims)


if __name__ == "__main__":
    sys.exit(main())
