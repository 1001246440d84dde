"""LeNet on the 10,000 test images of MNIST: the accuracy after 10 epochs, for three seeds, through the whole product.

A real server builds the dataset from folders of PNG files over REST (10,000 test images as its validation split) and
trains with the network's own defaults. The paper's Figure 10 shows 98.78 %. Needs ../shared/data/mnist-png.tar.gz.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks import _server
from benchmarks._harness import Claim, arguments, verdict
from benchmarks._training import mnist_folder

LEAST = 0.989
EPOCHS, SEEDS = 10, (1, 2, 3)


def main() -> None:
    """One seed of two epochs where ``--quick``: it shows that the script works, the claim is for ten."""
    quick = arguments(__doc__ or "").quick
    epochs, seeds = (2, SEEDS[:1]) if quick else (EPOCHS, SEEDS)
    with tempfile.TemporaryDirectory() as home:
        images = mnist_folder(Path(home))
        roots = {"FOVEAL_DATA_ROOTS": str(images.parent)}
        with _server.running(Path(home) / "home", **roots) as server:
            accuracies = [_accuracy(server.url, _dataset(server.url, images), epochs, seed) for seed in seeds]
    verdict(Claim(f"lowest test accuracy after {epochs} epochs, {len(seeds)} seeds", min(accuracies), least=LEAST))


def _dataset(url: str, train: Path) -> str:
    """A dataset job whose validation split is MNIST's test set; its id, once it is done."""
    sizes = {"width": 28, "height": 28, "channels": 1}
    values = {"name": "MNIST", "folder": str(train), "val_folder": str(train.parent / "test"), **sizes}
    return str(_server.finished(url, "datasets", values)["id"])


def _accuracy(url: str, dataset: str, epochs: int, seed: int) -> float:
    """The accuracy on all 10,000 images at the last epoch of a new model."""
    values = {"name": f"LeNet, seed {seed}", "dataset": dataset, "network": "lenet", "epochs": epochs, "seed": seed}
    start = time.perf_counter()
    job = _server.finished(url, "models", values)
    accuracy = float(job["metrics"][-1]["values"]["val/accuracy"])
    print(f"  seed {seed}: {accuracy:.2%} at the last epoch ({time.perf_counter() - start:.0f} s)", flush=True)
    return accuracy


if __name__ == "__main__":
    sys.exit(main())
