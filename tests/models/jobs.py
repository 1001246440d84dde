"""A finished dataset and model jobs in job folders, made by the real tasks, for tests of training and inspection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.build import build_dataset
from data.dataset_options import DatasetOptions
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.tasks.train_model import run
from models.networks import networks
from tests.data.factory import make_gradient_folder

DATASET = "20261124-100000-0001"

SMALL = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8 * height * width, classes)

    def forward(self, x):
        return self.fc(F.relu(self.norm(self.conv(x))).flatten(1))
"""


def make_dataset(home: Path, size: int = 10, **options: Any) -> JobFolder:
    """The gradient classes of DIGITS's tests as a Done dataset job in ``home``."""
    images = make_gradient_folder(home / "images", per_class=20, size=size)
    job = Job(id=DATASET, type="dataset", task="build_dataset", name="gradients", options={})
    folder = JobFolder.create(home, job)
    values = {"folder": str(images), "width": size, "height": size, **options}
    for _ in build_dataset(DatasetOptions(**values), folder.artifacts):
        pass
    return folder


def train(home: Path, source: str = SMALL, **options: Any) -> tuple[JobFolder, list[dict[str, Any]]]:
    """Run a model job on the dataset in ``home``; its folder and the events it yielded."""
    values = {"dataset": DATASET, "network": "custom", "epochs": 1, "batch_size": 8, "seed": 1, **options}
    text = networks[values["network"]].source if values["network"] in networks else source
    job = Job(id=new_id(), type="model", task="train_model", name="m", options=values, parents=(DATASET,))
    folder = JobFolder.create(home, job)
    (folder.artifacts / "network.py").write_text(text)
    return folder, list(run(folder, job))


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The events of one kind."""
    return [event for event in events if event["kind"] == kind]
