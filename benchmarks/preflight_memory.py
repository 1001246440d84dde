"""The pre-flight's memory estimate, which computes nothing, against real training steps as allocators count them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch

from benchmarks._harness import Claim, arguments, verdict
from data.build import build_dataset
from data.database import Dataset, open_dataset
from data.dataset_options import DatasetOptions
from models.examine import Shape
from models.networks import networks
from models.preflight.estimate import estimate
from models.preflight.measure import measure
from models.train_options import TrainOptions, completed
from tests.data.factory import make_gradient_folder

CASES = (("lenet", 28, 64), ("resnet18", 64, 32), ("squeezenet", 112, 16), ("mobilenet_v3_small", 112, 16))
QUICK = CASES[:2]
MOST = 0.15  # of the measured memory


def main() -> None:
    """Print both figures of every case; the claim is about the largest error."""
    cases = QUICK if arguments(__doc__ or "").quick else CASES
    errors = {}
    for name, side, batch in cases:
        with tempfile.TemporaryDirectory() as place:
            dataset = gradients(Path(place), side)
            options = completed(TrainOptions(dataset="d", network=name, batch_size=batch))
            source = networks[name].source
            told = estimate(source, Shape(3, side, side, len(dataset.classes)), options).total
            found = measure(source, options, dataset, torch.device("cpu")).peak
        if found is None:
            sys.exit(f"{name}: a step of {batch} images takes too long on this machine to be measured.")
        errors[name] = told / found - 1
        sizes = f"{told / 1e6:8.1f} MB estimated, {found / 1e6:8.1f} MB measured"
        print(f"  {name:20} {side}x{side}, batch {batch}: {sizes} ({errors[name]:+.1%})")
    verdict(Claim("largest error of the memory estimate", max(map(abs, errors.values())), most=MOST))


def gradients(place: Path, side: int) -> Dataset:
    """A small dataset of coloured gradients; what is on the images does not matter here."""
    images = make_gradient_folder(place / "images", per_class=20, size=side)
    for _ in build_dataset(DatasetOptions(folder=str(images), width=side, height=side), place / "dataset"):
        pass
    return open_dataset(place / "dataset")


if __name__ == "__main__":
    main()
