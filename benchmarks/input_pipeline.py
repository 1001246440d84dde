"""Batches for a training against torchvision's ImageFolder and a DataLoader with two workers, both at the same crops.

32 pixels: 10,000 CIFAR-10 images, random crop of 28 and mirroring, batches of 256; Foveal keeps a set of that size in
memory (reading it there is not counted, it happens once). 224 pixels: photographs prepared as 256x256 JPEG, random
crop of 224 and mirroring, batches of 64, read from the database by threads as for a set that memory cannot hold; the
peer is given the same 256x256 JPEGs as files. Both yield uint8: what follows is the network's. Needs the CIFAR and the
cats and dogs of ../shared/data.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from benchmarks._harness import Claim, arguments, interleave, rate, ratio, table, verdict
from benchmarks.build_dataset import SHARED, photos_500x375
from data.build import build_dataset
from data.database import Split, open_dataset
from data.dataset_options import DatasetOptions
from data.pipeline import usable_cores
from models.training.augment import Cut, Selections
from models.training.batches import DatabaseImages, Images, load

CPU = torch.device("cpu")


def main() -> None:
    """A set in memory, and one that is read from the database."""
    quick = arguments(__doc__ or "").quick
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory() as home:
        claims = [small(Path(home), rounds), large(Path(home), 300 if quick else 1_500, rounds)]
    verdict(*claims)


def small(home: Path, rounds: int) -> Claim:
    """CIFAR's test images at 32 pixels."""
    with tarfile.open(next(SHARED.glob("cifar10-jpg.tar*"))) as archive:
        archive.extractall(home / "cifar", filter="data")
    folder = next(path for path in (home / "cifar").rglob("test") if path.is_dir())
    split = built(folder, home / "small", 32, "png")
    loading = load(split, 28, CPU)
    try:
        while True:
            next(loading)
    except StopIteration as ready:
        images: Images = ready.value
    variants = {"Foveal": ours(images, 32, 28, 256), "ImageFolder, 2 workers": peer(folder, 28, 256)}
    return compared("32 pixels, in memory", variants, rounds, 8.0)


def large(home: Path, count: int, rounds: int) -> Claim:
    """Photographs of 256x256 pixels from the database."""
    split = built(photos_500x375(home, count), home / "large", 256, "jpg")
    folder = home / "files"
    for number, label in enumerate(split.labels.tolist()):
        path = folder / str(label) / f"{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(split.encoded(number))
    images = DatabaseImages(split, 224, CPU, usable_cores())  # as where a GPU trains: all cores read
    variants = {"Foveal": ours(images, 256, 224, 64), "ImageFolder, 2 workers": peer(folder, 224, 64)}
    return compared("224 of 256 pixels, JPEG from the database", variants, rounds, 2.5)


def compared(name: str, variants: dict[str, Callable[[], float]], rounds: int, least: float) -> Claim:
    """Measure and print one case."""
    results = interleave(variants, rounds)
    print(name)
    table(results, "images/s")
    return Claim(f"{name}: over ImageFolder", ratio(results, "Foveal", "ImageFolder, 2 workers"), least=least)


def built(folder: Path, target: Path, side: int, encoding: str) -> Split:
    """The training split of a dataset that the product builds."""
    options = DatasetOptions(
        folder=str(folder), width=side, height=side, channels=3, encoding=encoding, jpeg_quality=90, val_percent=0  # type: ignore[arg-type]
    )  # fmt: skip
    for _ in build_dataset(options, target):
        pass
    return open_dataset(target).split("train")


def ours(images: Images, side: int, crop: int, batch: int) -> Callable[[], float]:
    """One epoch of the product's batches; each measured epoch is another one."""
    epochs = cycle(range(1_000))
    steps = len(images) // batch
    draws = Selections(Cut(side, side, crop), len(images), batch, 0, flip=True)

    def epoch() -> int:
        number = next(epochs)
        batches = images.batches(islice(draws.after(number * steps, steps), steps))
        return sum(len(labels) for _, labels in batches)

    return lambda: rate(epoch)


def peer(folder: Path, crop: int, batch: int) -> Callable[[], float]:
    """One epoch of torchvision's; its workers stay, so that only the reading is measured."""
    steps = v2.Compose([v2.PILToTensor(), v2.RandomCrop(crop), v2.RandomHorizontalFlip()])
    loader = DataLoader(
        ImageFolder(str(folder), steps), batch, shuffle=True, num_workers=2, persistent_workers=True, drop_last=True
    )
    return lambda: rate(lambda: sum(len(labels) for _, labels in loader))


if __name__ == "__main__":
    main()
