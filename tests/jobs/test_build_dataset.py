"""The dataset task: a job's options become a dataset in its artifacts, told in events that fold into its state."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from data.database import open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.options import parse, plain
from jobs.events import fold_all
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.tasks.build_dataset import run
from tests.data.factory import make_gradient_folder


def job(folder: Path, **values) -> Job:
    options = plain(parse(DatasetOptions, {"folder": str(folder), "width": 10, "height": 10, **values}))
    return Job(id=new_id(), type="dataset", task="build_dataset", name="gradients", options=options)


def test_the_events_fold_into_what_the_page_shows(tmp_path: Path) -> None:
    asked = job(make_gradient_folder(tmp_path / "images"), val_percent=20, test_percent=10)
    folder = JobFolder.create(tmp_path / "jobs", asked)
    events = [
        {"seq": number, "time": time.time(), **event} for number, event in enumerate(run(folder, folder.job()), start=1)
    ]
    state = fold_all(events)
    assert state.artifacts["counts"] == {"train": [7, 7, 7], "val": [2, 2, 2], "test": [1, 1, 1]}
    assert state.artifacts["parse"][0]["train_count"] == 21
    assert state.artifacts["dataset"]["splits"]["val"]["entries"] == 6
    assert state.artifacts["mean"] == {"images": 21, "file": "mean.png"}
    assert state.progress["unit"] == "images"
    assert state.notes
    assert open_dataset(folder.artifacts).splits["train"].entries == 21


def test_a_folder_that_has_gone_is_a_sentence(tmp_path: Path) -> None:
    asked = job(tmp_path / "gone")
    folder = JobFolder.create(tmp_path / "jobs", asked)
    with pytest.raises(UserError, match="does not exist") as caught:
        list(run(folder, asked))
    assert "folder" in (caught.value.field or "")
