"""Steering over REST: pause, resume, a killed worker, more epochs, the queue; no point is lost or doubled."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
import requests

from tests.contract.script import until

pytestmark = pytest.mark.process


class Model:
    """A model on the server, as a script sees it."""

    def __init__(self, server: str, dataset: str, **options: Any) -> None:
        self.api = f"{server}/api/v1"
        values = {"dataset": dataset, "network": "lenet", "batch_size": 4, "deterministic": True, "seed": 3, **options}
        answer = requests.post(f"{self.api}/models", json=values, timeout=60)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.api}/models/{self.id}", timeout=30).json()
        return found

    def post(self, path: str, **body: Any) -> requests.Response:
        return requests.post(f"{self.api}/{path.format(self.id)}", json=body, timeout=30)

    def wait(self, *statuses: str) -> dict[str, Any]:
        until(lambda: self.get()["status"] in statuses, 90, f"one of {statuses}")
        return self.get()

    def trained(self) -> int:
        return int(self.get()["curves"].get("train/loss", 0))

    def steps(self) -> list[int]:
        answer = requests.get(
            f"{self.api}/jobs/{self.id}/series", params={"curve": "train/loss", "width": 100_000}, timeout=30
        )
        found: list[int] = answer.json()["steps"]
        return found


def test_a_training_is_steered_paused_killed_and_goes_on(server: str, dataset: str) -> None:
    model = Model(server, dataset, epochs=100_000, checkpoint_interval=2)
    until(lambda: model.trained() > 20, 90, "the training to be under way")
    assert model.post("models/{}/steer", act="rate", value=0.0005).status_code == 200
    assert model.post("models/{}/steer", act="pause").status_code == 200
    paused = model.wait("Paused")
    assert [act["act"] for act in paused["acts"]] == ["rate", "pause"]
    assert paused["checkpoints"][-1]["step"] == paused["acts"][-1]["step"] == len(model.steps())
    assert model.post("models/{}/steer", act="save").status_code == 409
    assert model.post("models/{}/resume").status_code == 200
    until(lambda: model.trained() > paused["acts"][-1]["step"], 90, "more steps")
    running = requests.get(f"{model.api}/jobs/{model.id}/events", timeout=30).json()["events"]
    pid = [event["pid"] for event in running if event.get("pid")][-1]
    os.kill(pid, signal.SIGKILL)
    assert "SIGKILL" in model.wait("Error")["error"]
    assert model.post("models/{}/resume").status_code == 200
    until(lambda: model.get()["status"] == "Running" and model.trained() > 0, 90, "it to run again")
    assert model.post("models/{}/steer", act="stop").status_code == 200
    done = model.wait("Done")
    assert done["metrics"][-1]["step"] == done["checkpoints"][-1]["step"]
    assert model.steps() == list(range(1, done["checkpoints"][-1]["step"] + 1))
    assert [moved["status"] for moved in done["history"]].count("Running") == 3


def test_a_finished_training_goes_on_for_more_epochs(server: str, dataset: str) -> None:
    model = Model(server, dataset, epochs=1)
    first = model.wait("Done")
    assert model.post("models/{}/resume").status_code == 422
    assert model.post("models/{}/resume", epochs=1).status_code == 422
    assert model.post("models/{}/resume", epochs=3).status_code == 200
    until(lambda: len(model.get()["metrics"]) == 3, 90, "three epochs")
    done = model.wait("Done")
    assert done["artifacts"]["plan"]["epochs"] == 3
    assert done["metrics"][0]["values"] == first["metrics"][0]["values"]
    assert model.steps() == list(range(1, done["artifacts"]["plan"]["steps"] + 1))


def test_a_paused_training_can_be_aborted_and_a_waiting_one_moved(server: str, dataset: str) -> None:
    model = Model(server, dataset, epochs=100_000)
    until(lambda: model.trained() > 0, 90, "the training to be under way")
    model.post("models/{}/steer", act="pause")
    model.wait("Paused")
    assert model.post("jobs/{}/priority", priority=7).json()["priority"] == 7
    assert model.post("jobs/{}/priority", priority=70_000).status_code == 422
    assert model.post("jobs/{}/abort").status_code == 200
    model.wait("Aborted")
    assert requests.post(f"{model.api}/models/{dataset}/resume", json={}, timeout=30).status_code == 404
