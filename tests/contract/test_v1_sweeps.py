"""A search on the running server: its models are ordinary jobs, it goes on after a kill; a grid is stopped whole."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from jobs.control import ask
from jobs.folder import JobFolder
from tests.contract.script import until

pytestmark = pytest.mark.process


class Sweep:
    """A sweep on the server, as a script sees it."""

    def __init__(self, server: str, body: dict[str, Any]) -> None:
        self.api = f"{server}/api/v1"
        answer = requests.post(f"{self.api}/sweeps", json=body, timeout=60)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.api}/sweeps/{self.id}", timeout=30).json()
        return found

    def post(self, act: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.api}/sweeps/{self.id}/{act}", json=body, timeout=30)

    def worker(self) -> int:
        """The process that searches."""
        found = [one for one in psutil.process_iter(["cmdline"]) if (one.info["cmdline"] or [""])[-1].endswith(self.id)]
        return next(one.pid for one in found if "python" in one.name())


def test_a_search_trains_gives_up_and_goes_on_after_a_kill(server: str, dataset: str) -> None:
    model = {"dataset": dataset, "network": "lenet", "epochs": 4, "batch_size": 4, "name": "hunt"}
    vary = {"learning_rate": "0.00001 .. 0.02", "optimizer": ["sgd", "adam"]}
    sweep = Sweep(server, {"model": model, "vary": vary, "search": {"trials": 3, "parallel": 2, "first": 2}})
    until(lambda: len(sweep.get()["trials"]) >= 1, 60, "a model")
    os.kill(sweep.worker(), signal.SIGKILL)
    until(lambda: sweep.get()["status"] == "Error", 30, "the end of the worker")
    before = [trial["id"] for trial in sweep.get()["trials"]]
    assert sweep.post("resume").status_code == 200
    until(lambda: sweep.get()["status"] == "Done" and not sweep.get()["live"], 120, "the end of the search")

    found = sweep.get()
    assert len(found["trials"]) == 3
    assert [trial["id"] for trial in found["trials"]][: len(before)] == before
    assert found["overall"] == {"status": "Done", "fraction": 1.0}
    best = next(trial for trial in found["trials"] if trial["id"] == found["best"])
    assert best["best"] == min(trial["best"] for trial in found["trials"] if trial["best"] is not None)
    model = requests.get(f"{sweep.api}/models/{best['id']}", timeout=30).json()
    assert (model["status"], model["sweep"], model["group"]) == ("Done", sweep.id, "hunt")
    assert model["options"]["learning_rate"] == pytest.approx(best["values"]["learning_rate"])
    for trial in found["trials"]:
        assert trial["status"] == "Done", trial
        assert bool(trial["pruned"]) == (trial["epoch"] < 4), trial
    assert sweep.post("resume").status_code == 409


def test_a_model_that_the_search_gives_up_ends_cleanly(server: str, dataset: str) -> None:
    """The wish is written as the search writes it."""
    values = {"dataset": dataset, "network": "lenet", "epochs": 3000, "batch_size": 4}
    api = f"{server}/api/v1"
    job = requests.post(f"{api}/models", json=values, timeout=60).json()["id"]

    def get() -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{api}/models/{job}", timeout=30).json()
        return found

    until(lambda: get()["metrics"], 60, "a validation")
    worker = next(one for one in psutil.process_iter(["cmdline"]) if (one.info["cmdline"] or [""])[-1].endswith(job))
    folder = JobFolder(Path(worker.info["cmdline"][-1]))
    ask(folder, "prune", "the loss is worse than the median", "the search")
    until(lambda: get()["status"] == "Done", 30, "its end")
    assert "Stopped early by the search: the loss is worse than the median." in get()["messages"]
    assert get()["checkpoints"]


def test_a_grid_is_stopped_as_a_whole(server: str, dataset: str) -> None:
    model = {"dataset": dataset, "network": "lenet", "epochs": 3000, "batch_size": 4}
    sweep = Sweep(server, {"model": model, "vary": {"learning_rate": [0.01, 0.001, 0.0001]}})
    until(lambda: sweep.get()["overall"]["status"] == "Running", 60, "its first model")
    assert sweep.post("resume").status_code == 409
    assert sweep.post("stop", which="all").json() == {"stopped": 3}
    until(lambda: not sweep.get()["live"], 30, "the end of all")
    assert sweep.get()["counts"] == {"Aborted": 3}
