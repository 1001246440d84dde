"""Two processes that train one model (gloo, on the CPU): the curves of one, an end for all, a killed one, going on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from jobs import series
from jobs.executors import Handle
from jobs.executors.local import LocalExecutor
from jobs.folder import JobFolder
from jobs.job import Job, Status, new_id
from jobs.processes import descendants
from tests.contract.script import until
from tests.models.jobs import DATASET, make_dataset, train

pytestmark = pytest.mark.process

SLOW = """
import time

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1)
        self.spare = nn.Linear(4, 4)  # used by no step
        self.fc = nn.Linear(8 * height * width, classes)

    def forward(self, x):
        if self.training:
            time.sleep({pause})
        return self.fc(F.relu(self.conv(x)).flatten(1))
"""
OPTIONS = {"epochs": 6, "batch_size": 4, "accumulation": 2, "flip": True, "label_smoothing": 0.1, "layer_interval": 5}
"""45 training images in steps of 8: the last of an epoch has 5, so the ranks get 2 and 3."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two processes of one thread each, on whatever machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a dataset."""
    jobs = tmp_path_factory.mktemp("home") / "jobs"
    jobs.mkdir()
    make_dataset(jobs)
    return jobs


def order(home: Path, pause: float, **options: Any) -> JobFolder:
    """A training by two processes that was asked for."""
    values = {"dataset": DATASET, "network": "custom", "seed": 1, "processes": 2, "diary": False, **OPTIONS, **options}
    job = Job(id=new_id(), type="model", task="train_model", name="m", options=values, parents=(DATASET,))
    folder = JobFolder.create(home, job)
    (folder.artifacts / "network.py").write_text(SLOW.replace("{pause}", str(pause)))
    return folder


class Worker:
    """The worker of a job, as the scheduler starts it, with the processes that it started."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.executor = LocalExecutor()
        self.handle: Handle = self.executor.submit(folder, ())
        self.seen: dict[int, psutil.Process] = {}

    def ended(self) -> bool:
        """Whether it has ended; takes note of its processes."""
        self.seen |= {process.pid: process for process in descendants(self.handle.id)}
        return self.executor.poll(self.folder, self.handle) is not None

    def rank(self, number: int) -> psutil.Process:
        """The process of a rank."""
        found = [one for one in descendants(self.handle.id) if "jobs.rank" in one.cmdline()]
        return next(one for one in found if one.environ().get("RANK") == str(number))

    def finish(self) -> Status:
        """Wait for its end; what the folder then says."""
        until(self.ended, 120, "the end of the worker")
        return self.folder.state().status

    def alive(self) -> list[psutil.Process]:
        """Those of its processes that still compute."""
        return [one for one in self.seen.values() if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def undisturbed(home: Path) -> JobFolder:
    """A training of two processes that nobody disturbed."""
    folder = order(home, 0.0)
    assert Worker(folder).finish() is Status.DONE, folder.log_tail()
    return folder


def values(folder: JobFolder, curve: str) -> np.ndarray:
    """The points of a curve: step and value."""
    points = series.read(folder.series, curve)
    return np.stack((points["step"].astype(float), points["value"]))


def test_two_processes_make_the_curves_of_one(home: Path, undisturbed: JobFolder) -> None:
    """The sums of a step's gradients are added up in another order, which float32 rounds differently: by 1e-7 of a
    value in one step, and a little more as the steps follow from each other. 1e-5 is a hundred times that."""
    from jobs.recorder import Recorder
    from jobs.tasks.train_model import run

    alone = order(home, 0.0, processes=1)
    with Recorder(alone) as recorder:
        for event in run(alone, alone.job()):
            if event["kind"] != "confine":
                recorder.write(event)
    for curve in ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "learning_rate"):
        np.testing.assert_allclose(values(undisturbed, curve), values(alone, curve), rtol=1e-5, atol=1e-6)
    state = undisturbed.state()
    assert [each["name"] for each in state.checkpoints] == [each["name"] for each in alone.state().checkpoints]
    assert state.artifacts["confusion"] == alone.state().artifacts["confusion"]
    assert "2 processes share every batch of 4 images." in state.notes


def test_an_end_for_all_a_killed_one_and_going_on_exactly(home: Path, undisturbed: JobFolder) -> None:
    folder = order(home, 0.03)
    worker = Worker(folder)
    until(lambda: worker.ended() or folder.state().checkpoints, 120, "a checkpoint")
    assert len(worker.seen) >= 3, folder.log_tail()
    worker.executor.cancel(worker.handle, force=False)
    until(lambda: worker.ended() and not worker.alive(), 10, "the end of all ranks")
    assert folder.state().status is Status.RUNNING  # the scheduler says Aborted

    before = len(folder.state().checkpoints)
    worker = Worker(folder)
    until(lambda: worker.ended() or len(folder.state().checkpoints) > before, 120, "the next checkpoint")
    worker.rank(1).send_signal(signal.SIGKILL)
    assert worker.finish() is Status.ERROR
    state = folder.state()
    assert state.error == "Process 2 of 2 (rank 1) was killed by SIGKILL."
    assert "memory" in state.hint
    assert not worker.alive()

    assert Worker(folder).finish() is Status.DONE, folder.log_tail()
    for curve in ("train/loss", "val/loss"):
        np.testing.assert_array_equal(values(folder, curve), values(undisturbed, curve))


def test_one_process_knows_nothing_of_others(home: Path) -> None:
    """Its checkpoints stay as they were."""
    import torch

    folder, _ = train(home, epochs=1)
    state = torch.load(next(folder.checkpoints.glob("*.state.pt")), weights_only=True)
    assert "random_ranks" not in state
