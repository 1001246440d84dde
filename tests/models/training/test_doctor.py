"""The doctor on real short runs: each made to have one fault, and healthy ones that must not be called ill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from data.build import build_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.tasks.train_model import run
from models.training.doctor import diagnose, rules
from models.training.doctor.history import History, Look, Report
from models.training.watching import Watcher
from tests.models.jobs import DATASET, of_kind, train

SIDE = 12
NETWORK = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.fc1 = nn.Linear(8 * height * width, 32)
        self.fc2 = nn.Linear(32, classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(F.relu(self.norm(self.conv(x))).flatten(1))))
"""
PLAIN = NETWORK.replace("self.norm(self.conv(x))", "self.conv(x)").replace(
    "        self.norm = nn.BatchNorm2d(8)\n", ""
)
DEEP_SIGMOID = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        sizes = [channels * height * width, *[32] * 8, classes]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        for layer in self.layers:
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = torch.sigmoid(layer(x))
        return self.layers[-1](x)
"""
DEAD = PLAIN.replace("self.fc2 = nn", "self.fc1.bias.data.fill_(-50.0)\n        self.fc2 = nn")
FULL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.fc1 = nn.Linear(channels * height * width, 32)
        nn.init.normal_(self.fc1.weight, std=20.0)
        self.fc2 = nn.Linear(32, classes)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x.flatten(1))))
"""
HUGE = PLAIN.replace("self.fc2 = nn", "nn.init.normal_(self.fc1.weight, std=30.0)\n        self.fc2 = nn")
ONE_NUMBER = """
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.fc = nn.Linear(1, classes)

    def forward(self, x):
        return self.fc(x.mean((1, 2, 3))[:, None])
"""
TWO_PIXELS = """
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.fc = nn.Linear(2, classes)

    def forward(self, x):
        return self.fc(x[:, 0, 1, 3:5])
"""
CONSTANT = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.fc = nn.Linear(channels * height * width, classes)
        self.fc.bias.data[1] = 1e3

    def forward(self, x):
        return self.fc(x.flatten(1))
"""


def draw(folder: Path, kind: str, per_class: int = 30) -> Path:
    """Pictures of four classes: stripes that can be learnt, faint ones, or noise that can be remembered."""
    chance = np.random.default_rng(0)
    for cls in range(4):
        (folder / f"class-{cls}").mkdir(parents=True)
        for number in range(per_class):
            pixels = chance.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
            if kind != "noise":
                rows, columns = np.mgrid[:SIDE, :SIDE]
                wave = [rows, columns, rows + columns, rows - columns][cls] % 4 < 2
                share = {"stripes": 0.5, "faint": 0.15}[kind]
                pixels = ((1 - share) * pixels + share * 255 * wave).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"class-{cls}" / f"{number:03}.png")
    return folder


def make_home(home: Path, kind: str, **options: Any) -> Path:
    folder = JobFolder.create(home, Job(id=DATASET, type="dataset", task="build_dataset", name=kind, options={}))
    values: dict[str, Any] = {"width": SIDE, "height": SIDE, "channels": 1, **options}
    for _ in build_dataset(DatasetOptions(folder=str(draw(home / "images", kind)), **values), folder.artifacts):
        pass
    return home


@pytest.fixture(scope="module")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("stripes"), "stripes")


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("noise"), "noise")


@pytest.fixture(scope="module")
def faint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("faint"), "faint")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def verdicts(home: Path, source: str = NETWORK, **options: Any) -> dict[str, dict[str, Any]]:
    """What the doctor says at the end of a training."""
    values = {"epochs": 15, "schedule": "fixed", "layer_interval": 5, "seed": 2, "validation_interval": 1, **options}
    _, events = train(home, source, **values)
    told = [event["value"] for event in of_kind(events, "artifact") if event["name"] == "doctor"]
    return {verdict["name"]: verdict for verdict in (told[-1]["verdicts"] if told else [])}


HEALTHY: list[dict[str, Any]] = [
    {"optimizer": "adamw", "learning_rate": 1e-3},
    {"learning_rate": 0.02, "schedule": "cosine"},
    {"learning_rate": 0.05, "momentum": 0, "source": PLAIN},
    {"optimizer": "rmsprop", "learning_rate": 5e-4},
    {"optimizer": "adam", "learning_rate": 2e-3, "batch_size": 32, "warmup": "linear"},
]


@pytest.mark.parametrize("recipe", HEALTHY, ids=lambda recipe: recipe.get("optimizer", "sgd"))
def test_healthy_trainings_are_called_healthy(stripes: Path, recipe: dict[str, Any]) -> None:
    found = verdicts(stripes, **recipe)
    assert list(found) == ["healthy"], [verdict["sentence"] for verdict in found.values()]


def ill(found: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The verdict of this name, which says figures, what to try, and what shows it."""
    assert name in found, [verdict["sentence"] for verdict in found.values()]
    verdict = found[name]
    assert any(letter.isdigit() for letter in verdict["sentence"])
    assert verdict["tries"]
    assert verdict["evidence"]
    assert "healthy" not in found
    return verdict


def test_overfitting(noise: Path) -> None:
    """Noise has nothing to learn: the training images are remembered, the others are guessed."""
    ill(verdicts(noise, epochs=20, optimizer="adam", learning_rate=2e-3), "overfitting")


def test_underfitting(stripes: Path) -> None:
    """Two pixels tell some stripes from others, and not all of them."""
    ill(verdicts(stripes, TWO_PIXELS, epochs=40, learning_rate=0.003, batch_size=32), "underfitting")


def test_rate_too_high(faint: Path) -> None:
    ill(verdicts(faint, PLAIN, learning_rate=0.1, epochs=15, batch_size=4), "rate_too_high")


def test_oscillation(faint: Path) -> None:
    ill(verdicts(faint, PLAIN, learning_rate=0.1, optimizer="adam", epochs=20), "oscillation")


def test_rate_too_low(stripes: Path) -> None:
    ill(verdicts(stripes, learning_rate=1e-6, momentum=0), "rate_too_low")


def test_divergence(stripes: Path) -> None:
    """The training ends with an error, and the doctor has said why before."""
    values = {
        "dataset": DATASET,
        "network": "custom",
        "batch_size": 8,
        "seed": 1,
        "learning_rate": 1e5,
        "momentum": 0.99,
    }
    job = Job(id=new_id(), type="model", task="train_model", name="m", options=values, parents=(DATASET,))
    folder = JobFolder.create(stripes, job)
    (folder.artifacts / "network.py").write_text(PLAIN)
    events: list[dict[str, Any]] = []
    with pytest.raises(UserError, match="diverged"):
        events.extend(run(folder, job))
    told = [event["value"] for event in of_kind(events, "artifact") if event["name"] == "doctor"]
    ill({verdict["name"]: verdict for verdict in told[-1]["verdicts"]}, "divergence")


def test_vanishing_gradients(stripes: Path) -> None:
    ill(verdicts(stripes, DEEP_SIGMOID, learning_rate=0.01), "vanishing_gradients")


def test_exploding_gradients(stripes: Path) -> None:
    found = verdicts(stripes, HUGE, learning_rate=1e-9, momentum=0, epochs=3)
    assert {"exploding_gradients", "divergence"} & found.keys(), list(found)


def test_dead_relus(stripes: Path) -> None:
    ill(verdicts(stripes, DEAD, learning_rate=0.01), "dead_relus")


def test_saturated_units(stripes: Path) -> None:
    ill(verdicts(stripes, FULL, learning_rate=1e-4), "saturated_units")


def test_class_collapse(stripes: Path) -> None:
    found = ill(verdicts(stripes, CONSTANT, learning_rate=1e-7, momentum=0, epochs=4), "class_collapse")
    assert '"class-1"' in found["sentence"]


def test_plateau(noise: Path) -> None:
    """One number says nothing of noise: the loss stays where it is."""
    ill(verdicts(noise, ONE_NUMBER, epochs=40, learning_rate=0.01, batch_size=32), "plateau")


# -- the ten networks of the reference, one backward pass at the start -----------------------------------------------


def chain(depth: int, act: type[nn.Module], init: Any, norm: bool = False) -> nn.Sequential:
    """Fully connected layers of 256 units on 784 inputs, ten classes."""
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for index in range(depth):
        linear = nn.Linear(784 if index == 0 else 256, 10 if index == depth - 1 else 256)
        init(linear.weight)
        nn.init.zeros_(linear.bias)
        parts += [linear] if index == depth - 1 else [linear, *([nn.BatchNorm1d(256)] if norm else []), act()]
    return nn.Sequential(*parts)


def he(weight: torch.Tensor) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


def small(weight: torch.Tensor) -> None:
    nn.init.normal_(weight, std=0.01)


def large(weight: torch.Tensor) -> None:
    nn.init.normal_(weight, std=0.3)


TEN = [
    ("relu he 5", chain(5, nn.ReLU, he), None),
    ("relu he 20", chain(20, nn.ReLU, he), None),
    ("relu batch norm 20", chain(20, nn.ReLU, he, norm=True), None),
    ("tanh xavier 20", chain(20, nn.Tanh, nn.init.xavier_uniform_), None),
    ("sigmoid xavier 5", chain(5, nn.Sigmoid, nn.init.xavier_uniform_), "vanishing_gradients"),
    ("sigmoid xavier 10", chain(10, nn.Sigmoid, nn.init.xavier_uniform_), "vanishing_gradients"),
    ("sigmoid xavier 20", chain(20, nn.Sigmoid, nn.init.xavier_uniform_), "vanishing_gradients"),
    ("relu small 10", chain(10, nn.ReLU, small), "vanishing_gradients"),
    ("relu large 10", chain(10, nn.ReLU, large), "exploding_gradients"),
    ("relu large 20", chain(20, nn.ReLU, large), "exploding_gradients"),
]


@pytest.mark.parametrize(("model", "expected"), [pytest.param(*rest, id=name) for name, *rest in TEN])
def test_the_rule_classifies_the_ten_networks(model: nn.Module, expected: str | None) -> None:
    torch.manual_seed(1)
    watcher = Watcher(model, torch.device("cpu"), 1, 0)
    with watcher.forward():
        loss = nn.functional.cross_entropy(model(torch.randn(64, 784)), torch.randint(0, 10, (64,)))
    loss.backward()  # type: ignore[no-untyped-call]
    watcher.before()
    event = next(watcher.after(1))
    history = History(10, 1000)
    history.add(1, loss.item(), 0.01)
    history.weights.append(Look(1, event["names"], event["values"], watcher.matrices))
    named = {verdict["name"] for verdict in diagnose(history)} & {"vanishing_gradients", "exploding_gradients"}
    assert named == ({expected} if expected else set())


# -- rules on what was measured --------------------------------------------------------------------------------------


def learning(reports: list[dict[str, float]], classes: int = 10) -> History:
    """A history whose loss comes down from chance, with these reports."""
    history = History(classes, 1000)
    for step in range(1, 401):
        history.add(step, history.chance * 0.99**step + 0.05, 0.01)
    history.reports += [Report(40 * (index + 1), index + 1.0, values) for index, values in enumerate(reports)]
    return history


def names_of(history: History) -> set[str]:
    return {verdict["name"] for verdict in diagnose(history)}


def test_waiting_for_images_is_told_where_it_lasts() -> None:
    history = learning([{"train/loss": 1.0}, {"train/loss": 0.5}])
    history.waits.extend([0.1] * 20)
    assert names_of(history) == {"healthy"}
    history.waits.extend([0.8] * 40)
    assert names_of(history) == {"starving"}


def test_validation_far_above_training_is_told_unless_training_is_made_hard() -> None:
    reports = [{"train/loss": 1.0, "val/loss": 0.2, "train/accuracy": 0.6, "val/accuracy": 0.95}] * 3
    history = learning(reports)
    assert "leakage" in names_of(history)
    history.augmented = True
    assert "leakage" not in names_of(history)


def test_a_small_rise_of_a_small_loss_is_no_overfitting() -> None:
    losses = [0.5, 0.05, 0.01, 0.012, 0.014, 0.016]
    reports = [{"train/loss": loss / 2**index, "val/loss": loss} for index, loss in enumerate(losses)]
    assert names_of(learning(reports)) == {"healthy"}


def test_it_is_silent_where_it_is_too_early_and_every_rule_says_what_it_looks_for() -> None:
    assert diagnose(History(10, 1000)) == []
    assert rules.broken == {}
    assert all(rule.help.endswith(".") for rule in rules)
    hidden = {name for rule in rules for name in rule.hides}
    assert hidden <= {rule.name for rule in rules}


def test_a_training_that_goes_on_is_still_known() -> None:
    history = learning([{"train/loss": 1.0, "val/loss": 1.1}, {"train/loss": 0.5, "val/loss": 0.6}])
    later = History(10, 1000)
    later.take(history.kept(), [report.values for report in history.reports])
    assert diagnose(later)[0]["name"] == "healthy"
    assert (later.early, later.late, later.reports) == (history.early, history.late, history.reports)
