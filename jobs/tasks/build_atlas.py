"""Finds the images that excite each unit of each layer of a model most and least."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.confine import confine
from jobs.folder import JobFolder
from jobs.job import Job


def run(folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """The task of an atlas job; torch is imported here: only workers come this far."""
    yield {"kind": "progress", "fraction": 0.0, "phase": "Loading PyTorch"}
    import json

    from data.database import open_dataset
    from data.options import parse
    from models.atlas.build import Order, build
    from models.atlas.options import Ordered
    from models.inspection.loaded import models
    from models.training.driver import wake_driver
    from models.training.setup import choose_device

    options = parse(Ordered, job.options)
    choose_device()
    model_folder = folder.path.parent / options.model
    begun = folder.artifacts / "begun.json"
    checkpoint = json.loads(begun.read_text())["checkpoint"] if begun.exists() else options.checkpoint
    name = json.loads((model_folder / "artifacts" / "model.json").read_text())["dataset"]
    images = folder.path.parent / name / "artifacts"
    dataset = open_dataset(images)
    wake_driver()
    yield confine(folder, (model_folder, images))
    model = models.get(model_folder, checkpoint)
    yield from build(Order(folder.artifacts, model, options, dataset, name, folder.path, model_folder))
