"""Analysing 60,000 MNIST images (measures, statistics, map, all checks of the doctor) takes at most twice their build.

Both run as their workers call them, in this process, with two threads, on the same files; both write to memory where
there is /dev/shm. The time of each check is told, so that the next one added knows what it costs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks._harness import Claim, arguments, interleave, table, verdict
from benchmarks.build_dataset import _archive
from data.analysis.run import analyse
from data.build import build_dataset
from data.database import open_dataset
from data.dataset_options import DatasetOptions


def main() -> None:
    """Build and analyse in turn."""
    quick = arguments(__doc__ or "").quick
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        home = Path(folder)
        images = mnist(home, 10_000 if quick else 60_000)
        variants = {"build": timed(lambda: build(images, home)), "analysis": timed(lambda: look(home))}
        results = interleave(variants, 2 if quick else 5)
        table(results, "s")
        ratio = median(after / before for before, after in zip(results["build"], results["analysis"], strict=True))
    verdict(Claim("analysis, over the build of the same images", ratio, most=2.0))


def build(images: Path, home: Path) -> None:
    """The dataset, from nothing."""
    shutil.rmtree(home / "set", ignore_errors=True)
    options = DatasetOptions(folder=str(images), width=28, height=28, channels=1)
    list(build_dataset(options, home / "set", threads=2))


def look(home: Path) -> None:
    """Its analysis, from nothing."""
    shutil.rmtree(home / "analysis", ignore_errors=True)
    list(analyse(open_dataset(home / "set"), home / "analysis", threads=2))


def timed(work: Callable[[], None]) -> Callable[[], float]:
    """Seconds of a call; one that is not counted comes first."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    run()
    return run


def mnist(home: Path, count: int) -> Path:
    """MNIST's training images, ``count`` of them, as files."""
    with _archive("mnist-png.tar.gz") as archive:
        for member in archive:
            if count and "/train/" in member.name and member.name.endswith(".png"):
                archive.extract(member, home / "files", filter="data")
                count -= 1
    return next((home / "files").rglob("train"))


if __name__ == "__main__":
    main()
