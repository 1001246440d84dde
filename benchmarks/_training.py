"""What the training benchmarks share: MNIST, and the four loops, each run in a process of its own.

``python -m benchmarks._training VARIANT FOLDER IMAGES`` prints images/s; VARIANT is "product" (Foveal's loop),
"bare" (a minimal loop on the same tensors), "default" (the same without a worker's environment), "script"
(ImageFolder and DataLoader).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = ROOT.parent / "shared" / "data" / "mnist-png.tar.gz"
BATCH, WARM_UP = 64, 40  # steps before the clock starts


def mnist_folder(home: Path) -> Path:
    """Folder of MNIST's training images, a sub-folder a class; unpacked into ``home`` if it must be."""
    given = os.environ.get("FOVEAL_MNIST")
    if given:
        return Path(given)
    if not ARCHIVE.exists():
        sys.exit(f"This benchmark needs {ARCHIVE}, or FOVEAL_MNIST naming a folder of MNIST's training images.")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(home / "files", filter="data")
    return next(path for path in (home / "files").rglob("train") if path.is_dir())


def finished_mnist(images: Path, home: Path) -> Path:
    """A dataset built by the product from the images."""
    from data.build import build_dataset
    from data.dataset_options import DatasetOptions

    options = DatasetOptions(folder=str(images), channels=1, width=28, height=28, val_percent=10)
    for _ in build_dataset(options, home / "dataset"):
        pass
    return home / "dataset"


def in_a_worker(variant: str, folder: Path, images: int) -> float:
    """Images per second of one variant in a fresh process, with the environment that it has in life."""
    from models.training.environment import worker_environment

    own = {} if variant in ("default", "script") else worker_environment()
    command = [sys.executable, "-m", "benchmarks._training", variant, str(folder), str(images)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout.split()[-1])


def timed(steps: Iterator[int], images: int) -> float:
    """Images per second of a loop that yields the images of each step, after some steps to warm up."""
    for _ in range(WARM_UP):
        next(steps)
    done, start = 0, time.perf_counter()
    while done < images:
        done += next(steps)
    return done / (time.perf_counter() - start)


def product(folder: Path, images: int) -> Iterator[int]:
    """Foveal's loop from its database, every event made; the steps are counted by their points."""
    import tempfile

    from data.database import open_dataset
    from models.networks import networks
    from models.train_options import TrainOptions, completed
    from models.training.loop import train
    from models.training.setup import Order, set_up

    options = completed(TrainOptions(dataset="d", epochs=images / 10_000 + 5, validation_interval=0, seed=0))
    with tempfile.TemporaryDirectory() as home:
        for name in ("artifacts", "checkpoints"):
            (Path(home) / name).mkdir()
        source = networks["lenet"].source
        order = Order(Path(home), open_dataset(folder), "d", options, source, None)
        events = set_up(order)
        try:
            while True:
                next(events)
        except StopIteration as ready:
            training = ready.value
        for event in train(training):
            if event["kind"] == "points" and "train/loss" in event["values"]:
                yield BATCH


def bare(folder: Path, _images: int) -> Iterator[int]:
    """The least that trains: gather, normalise, forward, backward, update."""
    import torch
    import torch.nn.functional as F

    from data.database import open_dataset
    from models.networks import networks
    from models.source_loader import load_network

    split = open_dataset(folder).split("train")
    pixels = torch.from_numpy(split.read(range(len(split))))
    labels = torch.from_numpy(split.labels.astype("int64"))
    torch.manual_seed(0)
    model = load_network(networks["lenet"].source, channels=1, classes=10, height=28, width=28)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=1e-4, fused=True)
    while True:
        for part in torch.randperm(len(split)).split(BATCH):
            inputs = pixels.index_select(0, part).float().sub_(33.0).mul_(1 / 78).permute(0, 3, 1, 2)
            loss = F.cross_entropy(model(inputs), labels.index_select(0, part))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield len(part)


def script(folder: Path, _images: int) -> Iterator[int]:
    """What a user would write."""
    import torch
    import torch.nn.functional as F
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    from models.networks import networks
    from models.source_loader import load_network

    steps = [transforms.Grayscale(), transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    images = ImageFolder(folder, transforms.Compose(steps))
    model = load_network(networks["lenet"].source, channels=1, classes=10, height=28, width=28)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)
    while True:
        for inputs, labels in DataLoader(images, BATCH, shuffle=True, num_workers=2):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(inputs), labels)
            loss.backward()
            optimizer.step()
            yield len(labels)


VARIANTS = {"product": product, "bare": bare, "default": bare, "script": script}

if __name__ == "__main__":
    name, path, number = sys.argv[1:]
    print(timed(VARIANTS[name](Path(path), int(number)), int(number)))
