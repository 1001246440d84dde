"""Going on after a pause, a crash or an abort: curves, reports and weights are those of the uninterrupted training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import UserError
from jobs import control, series
from jobs.events import JobState
from jobs.folder import EventLog, JobFolder
from jobs.job import Job, new_id
from jobs.recorder import Recorder
from jobs.tasks.train_model import run
from models.probe.files import Validations
from models.training import checkpoint, meter
from models.training.schedules import schedules
from tests.models.jobs import DATASET, make_dataset

DROPOUT = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(8 * height * width, classes)

    def forward(self, x):
        return self.fc(self.drop(F.relu(self.norm(self.conv(x))).flatten(1)))
"""
CURVES = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "learning_rate")
Hooks = Mapping[int, Callable[[JobFolder], None]]


class Crash(Exception):
    """The machine lost its power."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home)
    return home


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers look at the control file after every step; one thread, so that sums are made in one order."""
    monkeypatch.setattr(control, "INTERVAL", 0.0)
    monkeypatch.setattr(meter, "BUNDLE_SECONDS", 0.0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def new_job(home: Path, source: str = DROPOUT, **options: Any) -> JobFolder:
    values = {"dataset": DATASET, "network": "custom", "epochs": 3, "batch_size": 8, "seed": 1, **options}
    job = Job(id=new_id(), type="model", task="train_model", name="m", options=values, parents=(DATASET,))
    folder = JobFolder.create(home, job)
    (folder.artifacts / "network.py").write_text(source)
    return folder


def work(folder: JobFolder, hooks: Hooks | None = None) -> JobState:
    """What a worker does with the folder; ``hooks`` are called when the points of a step have come."""
    EventLog(folder.events_path).append("status", status="Running")
    with Recorder(folder) as recorder:
        for event in run(folder, folder.job()):
            if event["kind"] == "confine":
                continue  # what the process may touch; this one is the tests' own
            recorder.write(event)
            if event["kind"] == "points" and "train/loss" in event["values"]:
                (hooks or {}).get(event["step"], lambda _: None)(folder)
    return folder.state()


def pause(folder: JobFolder) -> None:
    control.ask(folder, "pause")


def crash(_folder: JobFolder) -> None:
    raise Crash


def told(folder: JobFolder) -> dict[str, list[tuple[int, float]]]:
    """Every point of the curves that training determines."""
    known = {curve: series.read(folder.series, curve) for curve in CURVES}
    return {
        curve: list(zip(points["step"].tolist(), points["value"].tolist(), strict=True))
        for curve, points in known.items()
    }


def same(one: JobFolder, other: JobFolder) -> None:
    """Curves, reports and final weights are equal, bit for bit."""
    assert told(one) == told(other)
    assert [(event["step"], event["values"]) for event in one.state().metrics] == [
        (event["step"], event["values"]) for event in other.state().metrics
    ]
    first, second = (checkpoint.find(folder.checkpoints) for folder in (one, other))
    assert first.name == second.name
    assert first.weights.read_bytes() == second.weights.read_bytes()
    for name in ("statistics.npy", "history.f16"):
        assert (one.path / "diary" / name).read_bytes() == (other.path / "diary" / name).read_bytes()
    first_looks, second_looks = (Validations(folder.path / "validations") for folder in (one, other))
    assert first_looks.steps() == second_looks.steps()
    for step in first_looks.steps():
        looks = zip(first_looks.read(step).items(), second_looks.read(step).items(), strict=True)
        assert all(name == again and (value == then).all() for (name, value), (again, then) in looks)


RECIPES: list[dict[str, Any]] = [
    {},
    {"optimizer": "adamw", "schedule": "cosine", "warmup": "linear", "warmup_percent": 20},
    {"average_decay": 0.9, "optimizer": "rmsprop", "clip_norm": 0.5, "label_smoothing": 0.1},
    {"accumulation": 2, "flip": True, "crop_size": 8, "schedule": "one_cycle"},
    {"schedule": "plateau", "plateau_patience": 0, "plateau_gamma": 0.5, "validation_interval": 0.5},
    {"precision": "bf16", "channels_last": False, "optimizer": "nadam"},
    {"random_resized_crop": True, "rotation": 20, "randaugment": True, "cutmix": 1, "noise": 0.03, "crop_size": 8},
    {"flip_vertical": True, "hue": 0.02, "mixup": 0.3, "sampler": "balanced", "class_weights": "inverse"},
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: "-".join(map(str, recipe)) or "plain")
def test_a_paused_and_a_crashed_training_go_on_as_if_nothing_had_been(home: Path, recipe: dict[str, Any]) -> None:
    whole = new_job(home, **recipe)
    work(whole)
    paused = new_job(home, **recipe)
    assert work(paused, {4: pause}).status == "Paused"
    work(paused, {8: pause})  # in another epoch
    work(paused)
    same(whole, paused)
    crashed = new_job(home, **recipe)
    with pytest.raises(Crash):
        work(crashed, {8: crash})
    state = work(crashed)
    same(whole, crashed)
    assert len({event["name"] for event in state.checkpoints}) == len(state.checkpoints)


def test_a_crash_before_the_first_checkpoint_begins_again_without_doubled_points(home: Path) -> None:
    whole, crashed = new_job(home), new_job(home)
    work(whole)
    with pytest.raises(Crash):
        work(crashed, {3: crash})
    work(crashed)
    same(whole, crashed)


@pytest.mark.parametrize("name", schedules.names())
def test_planned_and_actual_rate_are_the_same_at_every_step_also_after_a_pause(home: Path, name: str) -> None:
    """Projected from the options alone (for plateau: and from the reports), before and after the pause."""
    from data.options import parse
    from models.train_options import TrainOptions, completed
    from models.training.schedule import learning_rate

    folder = new_job(home, schedule=name, warmup="cosine", warmup_percent=10, plateau_patience=0, epochs=3)
    work(folder, {8: pause})
    state = work(folder)
    options = completed(parse(TrainOptions, folder.job().options))
    steps = state.artifacts["plan"]["steps"]
    measured = [(event["step"], event["values"]) for event in state.metrics]
    planned = [
        (step, learning_rate(options, (step - 1) / steps, [values for at, values in measured if at < step]))
        for step in range(1, steps + 1)
    ]
    assert told(folder)["learning_rate"] == planned


def test_training_for_more_epochs_stretches_the_schedule(home: Path) -> None:
    folder = new_job(home, epochs=2, schedule="cosine")
    done = work(folder)
    steps = done.artifacts["plan"]["steps"]
    control.ask(folder, "extend", 4.0)
    state = work(folder)
    assert state.artifacts["plan"]["steps"] == 2 * steps
    rates = dict(told(folder)["learning_rate"])
    fresh = new_job(home, epochs=4, schedule="cosine")
    work(fresh)
    other = dict(told(fresh)["learning_rate"])
    assert list(rates) == list(range(1, 2 * steps + 1))
    assert {step: rates[step] for step in range(steps + 1, 2 * steps + 1)} == {
        step: other[step] for step in range(steps + 1, 2 * steps + 1)
    }


def test_a_fork_goes_on_exactly_from_another_models_state(home: Path) -> None:
    whole = new_job(home, epochs=4, keep_states=True)
    work(whole)
    fork = new_job(home, epochs=4, start_from=whole.path.name, start_checkpoint="epoch-02.00", start_state=True)
    work(fork)
    same_from = checkpoint.find(whole.checkpoints, "epoch-02.00").facts["step"]
    assert told(fork) == told(whole)
    assert fork.state().metrics[0]["step"] > same_from


def test_a_fork_may_have_another_rate_and_needs_a_state(home: Path) -> None:
    whole = new_job(home, epochs=2)
    work(whole)
    fork = new_job(home, epochs=3, learning_rate=0.5, schedule="fixed", start_from=whole.path.name, start_state=True)
    work(fork)
    assert told(fork)["learning_rate"][-1][1] == 0.5
    lost = new_job(home, start_from=whole.path.name, start_checkpoint="epoch-01.00", start_state=True)
    with pytest.raises(UserError, match="only the last one keeps it"):
        work(lost)
    other = new_job(home, optimizer="adam", start_from=whole.path.name, start_state=True, no_decay=False)
    with pytest.raises(UserError, match="does not fit"):
        work(other)


# -- steering ----------------------------------------------------------------------------------------------------


def test_a_changed_rate_holds_from_the_next_step_and_after_a_crash(home: Path) -> None:
    def slower(folder: JobFolder) -> None:
        control.ask(folder, "rate", 0.001, "ada")

    folder = new_job(home, schedule="poly", learning_rate=0.1)
    with pytest.raises(Crash):
        work(folder, {5: slower, 12: crash})
    state = work(folder)
    (act,) = state.acts
    assert (act["act"], act["value"], act["who"]) == ("rate", 0.001, "ada")
    rates = dict(told(folder)["learning_rate"])
    after = act["step"] + 1
    assert rates[after] == pytest.approx(0.001)
    plain = {step: 0.1 * (1 - (step - 1) / len(rates)) ** 3 for step in rates}
    assert rates[after - 1] == pytest.approx(plain[after - 1])
    assert rates[after + 10] / rates[after] == pytest.approx(plain[after + 10] / plain[after])
    assert list(rates) == list(range(1, len(rates) + 1))


def test_stopping_early_by_hand_validates_and_saves(home: Path) -> None:
    folder = new_job(home)
    state = work(folder, {7: lambda folder: control.ask(folder, "stop", who="ada")})
    step = state.acts[0]["step"]
    assert state.metrics[-1]["step"] == step == state.checkpoints[-1]["step"]
    assert "val/accuracy" in state.metrics[-1]["values"]
    assert told(folder)["train/loss"][-1][0] == step


def test_save_now_keeps_a_checkpoint_that_pruning_leaves_alone(home: Path) -> None:
    folder = new_job(home, keep_last=1, keep_best=0)
    state = work(folder, {3: lambda folder: control.ask(folder, "save")})
    names = [event["name"] for event in state.checkpoints]
    assert len(names) == 2
    assert state.checkpoints[0]["asked"]
    assert sorted(path.stem for path in folder.checkpoints.glob("*.json")) == sorted(names)


@pytest.mark.parametrize("value", [None, "fast", -1, float("1e300")])
def test_a_wish_that_makes_no_sense_is_told_and_passed_over(home: Path, value: Any) -> None:
    folder, plain = new_job(home, epochs=1), new_job(home, epochs=1)
    state = work(folder, {3: lambda folder: control.ask(folder, "rate", value)})
    work(plain)
    assert state.acts[0]["refused"]
    same(folder, plain)


def test_a_damaged_control_file_harms_nobody(home: Path) -> None:
    def write(folder: JobFolder) -> None:
        (folder.path / control.NAME).write_text('{"act": \n[]\n{"act": "dance", "who": "x", "time": 1}\n{"act": "save"')

    folder = new_job(home, epochs=1)
    state = work(folder, {3: write})
    assert [(act["act"], act["line"], act["refused"]) for act in state.acts] == [("dance", 3, True)]
