"""Judging many image files: nearly as fast as the bare network on ready batches, far faster than one by one.

Peers: for ResNet-18 the network alone on normalised batches of the same size that are in memory already; for LeNet a
loop in the same process that reads, prepares and classifies one file after the other, which is what a script does.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from benchmarks._harness import Claim, arguments, interleave, rate, ratio, table, verdict
from benchmarks._models import photos, trained
from data.files import read_file
from models.evaluation.images import FileImages
from models.evaluation.items import Items
from models.evaluation.stream import batch_size, judge, log_probabilities, one_thread_each
from models.inspection.loaded import LoadedModel


def judged(model: LoadedModel, images: FileImages) -> int:
    """The product's pass."""
    size = batch_size(images.shape, model.device)
    return sum(len(batch.records) for batch in judge(model, images, 0, size))


def bare(model: LoadedModel, batches: list[torch.Tensor]) -> int:
    """Nothing but the network."""
    with torch.inference_mode():
        return sum(len(model.network(batch)) for batch in batches)


def one_by_one(model: LoadedModel, paths: list[str]) -> int:
    """A file at a time."""
    with one_thread_each():  # for one small image, a second thread only waits
        for path in paths:
            log_probabilities(model, model.preprocessing.pixels(read_file(path))[None])
    return len(paths)


def against_bare(home: Path, count: int, rounds: int) -> Claim:
    """ResNet-18 at 224 pixels from JPEGs of 320x240."""
    _, model = trained(home / "resnet", "resnet18", 224)
    paths = photos(home / "photos", count, 320, 240)
    images = FileImages(Items.write(home / "items", ((path, -1) for path in paths)), model.preprocessing)
    size = batch_size(images.shape, model.device)
    with torch.inference_mode():
        pixels = [images.load(range(at, min(at + size, count))).pixels for at in range(0, count, size)]
        ready = [model.normalise(torch.from_numpy(part.copy())) for part in pixels]
    variants = {
        "judging files": lambda: rate(lambda: judged(model, images)),
        "bare network": lambda: rate(lambda: bare(model, ready)),
    }
    results = interleave(variants, rounds)
    print("ResNet-18")
    table(results, "images/s")
    return Claim("ResNet-18: judging files / bare network", ratio(results, "judging files", "bare network"), least=0.85)


def against_one_by_one(home: Path, count: int, rounds: int) -> Claim:
    """LeNet at 28 pixels from small PNGs."""
    _, model = trained(home / "lenet", "lenet", 28, channels=1)
    paths = photos(home / "small", count, 28, 28, "png", "L")
    images = FileImages(Items.write(home / "items2", ((path, -1) for path in paths)), model.preprocessing)
    variants = {
        "judging files": lambda: rate(lambda: judged(model, images)),
        "one by one": lambda: rate(lambda: one_by_one(model, paths[: count // 4])),
    }
    results = interleave(variants, rounds)
    print("LeNet")
    table(results, "images/s")
    return Claim("LeNet: judging files / one by one", ratio(results, "judging files", "one by one"), least=5)


def main() -> None:
    """Measure both."""
    quick = arguments(__doc__ or "").quick
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        small = against_one_by_one(home, 2000 if quick else 8000, 3 if quick else 7)
        large = against_bare(home, 54 if quick else 216, 3 if quick else 7)
    verdict(large, small)


if __name__ == "__main__":
    main()
