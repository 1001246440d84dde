"""Finished jobs for tests: a dataset really built (in this process), a model with files as training leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from app.services import datasets
from data.whole import write_json
from jobs.folder import EventLog
from jobs.permissions import Principal
from jobs.store import Store
from jobs.summary import Summary
from jobs.tables import JobRow
from jobs.worker import work
from tests.app.conftest import Lab


def finish(store: Store, job_id: str) -> JobRow:
    """Bring the row up to what the folder says, as the scheduler does."""
    folder = store.folder(job_id)
    state = folder.state()
    store.record(job_id, state, Summary(folder).update(state, final=True))
    row = store.get(job_id, anyone=True)
    assert row is not None
    return row


def built_dataset(lab: Lab, images: Path, owner: str = "olga", visibility: str = "lab", **options: Any) -> JobRow:
    """A dataset built from the image folder by the worker's own code."""
    values = {
        "folder": str(images),
        "width": 16,
        "height": 16,
        "visibility": visibility,
        "name": "gradients",
        **options,
    }
    row = datasets.create(lab.ctx, Principal(owner, "member"), values)
    assert work(lab.store.folder(row.id)) == 0, lab.store.folder(row.id).state().error
    return finish(lab.store, row.id)


def model_with_checkpoint(lab: Lab, dataset: JobRow, owner: str = "olga", visibility: str = "lab") -> JobRow:
    """A model job that is Done, with one checkpoint of one tensor: enough for lists and archives."""
    row = lab.job(
        "model", owner, visibility, options={"network": "lenet", "dataset": dataset.id}, parents=(dataset.id,)
    )
    folder = lab.store.folder(row.id)
    preprocessing = {"width": 16, "height": 16, "channels": 3, "resize_mode": "squash", "crop": None, "mean": "image"}
    model = {
        "format": 1,
        "classes": ["blue-to-left", "green-to-top", "red-to-right"],
        "channels": 3,
        "height": 16,
        "width": 16,
        "dataset": dataset.id,
        "resize_mode": "squash",
        "preprocessing": preprocessing,
        "parameters": 6,
    }
    write_json(folder.artifacts / "model.json", model)
    (folder.artifacts / "network.py").write_text("class Net: ...\n")
    save_file({"fc.weight": np.arange(6, dtype=np.float32)}, folder.checkpoints / "epoch-01.00.safetensors")
    (folder.checkpoints / "epoch-01.00.json").write_text(json.dumps({"epoch": 1.0, "model": model}))
    log = EventLog(folder.events_path)
    log.append("status", status="Running")
    log.append("metrics", step=10, epoch=1.0, values={"val/accuracy": 0.9, "val/loss": 0.3})
    log.append("checkpoint", name="epoch-01.00", step=10, epoch=1.0, values={"val/accuracy": 0.9}, bytes=100)
    log.append("status", status="Done")
    return finish(lab.store, row.id)
