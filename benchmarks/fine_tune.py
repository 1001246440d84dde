"""Fine-tuning: SqueezeNet with frozen features on 450 photographs of cats and dogs reaches 90 % within 3 epochs."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._harness import Claim, arguments, verdict
from data.archives import unpack
from data.build import build_dataset
from data.dataset_options import DatasetOptions
from jobs.folder import JobFolder
from jobs.job import Job
from jobs.tasks.train_model import run
from models.networks import networks

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
DATASET, MODEL = "20260101-000000-0001", "20260101-000000-0002"
LEAST = 0.9
EPOCHS = 3


def main() -> None:
    """Build the dataset, train as a job does, and compare the best validation accuracy with the claim."""
    arguments(__doc__ or "")
    if not (SHARED / "nets.tar.gz").exists():
        sys.exit(f"{SHARED} has neither the photographs nor the weights that this needs.")
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        for archive in ("catsdogs-sub.tar", "nets.tar.gz"):
            unpack(SHARED / archive, home / archive)
        dataset(home, home / "catsdogs-sub.tar" / "catsdogs-sub")
        start = time.perf_counter()
        weights = home / "nets.tar.gz" / "nets" / "squeezenet1_0_imagenet_deepcompressed_rgbnorm.pth"
        accuracies = [event["values"]["val/accuracy"] for event in train(home, weights) if event["kind"] == "metrics"]
    for epoch, accuracy in enumerate(accuracies, 1):
        print(f"  after epoch {epoch}: {accuracy:.1%} of the validation images")
    print(f"  {time.perf_counter() - start:.0f} s")
    verdict(Claim(f"validation accuracy within {EPOCHS} epochs, features frozen", max(accuracies), least=LEAST))


def dataset(home: Path, images: Path) -> None:
    """The photographs as 227x227 pixels, a quarter of them for validation."""
    job = Job(id=DATASET, type="dataset", task="build_dataset", name="cats and dogs", options={})
    options = DatasetOptions(folder=str(images), width=227, height=227, resize_mode="crop", val_percent=25)
    for _ in build_dataset(options, JobFolder.create(home, job).artifacts):
        pass


def train(home: Path, weights: Path) -> list[dict[str, Any]]:
    """The events of the training; all but what is named here is what a blank form means."""
    options = {
        "dataset": DATASET,
        "network": "squeezenet",
        "weights_file": str(weights),
        "freeze": "features",
        "mean_subtraction": "imagenet",
        "epochs": EPOCHS,
        "batch_size": 16,
        "optimizer": "adam",
        "schedule": "fixed",
        "flip": True,
        "seed": 1,
    }
    job = Job(id=MODEL, type="model", task="train_model", name="fine-tuned", options=options, parents=(DATASET,))
    folder = JobFolder.create(home, job)
    (folder.artifacts / "network.py").write_text(networks["squeezenet"].source, encoding="utf-8")
    return list(run(folder, job))


if __name__ == "__main__":
    main()
