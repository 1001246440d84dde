"""Every optimizer: torch's own with torch's defaults, all of its options reach it, groups with and without decay."""

from __future__ import annotations

import inspect
from copy import deepcopy
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import nn, optim

from data.options import parse
from models.train_options import TrainOptions, completed
from models.training.groups import make_optimizer, set_rate
from models.training.optimizers import optimizers

TORCH = {
    "sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW, "nadam": optim.NAdam, "radam": optim.RAdam,
    "adamax": optim.Adamax, "adagrad": optim.Adagrad, "adadelta": optim.Adadelta, "rmsprop": optim.RMSprop,
    "rprop": optim.Rprop, "asgd": optim.ASGD, "adafactor": optim.Adafactor,
}  # fmt: skip
OURS = {"fused", "foreach", "weight_decay", "momentum"}  # what Foveal chooses itself, for speed or as DIGITS has it


def options(**values: Any) -> TrainOptions:
    return completed(parse(TrainOptions, {"dataset": "d", "batch_size": 4, **values}))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 36, 3))


def test_every_optimizer_is_there_and_none_is_broken() -> None:
    assert set(optimizers.names()) == TORCH.keys()
    assert optimizers.broken == {}


@pytest.mark.parametrize("name", TORCH)
def test_defaults_are_torchs(name: str) -> None:
    made = make_optimizer(network(), options(optimizer=name))
    theirs = TORCH[name]([torch.zeros(2, 2, requires_grad=True)])
    assert type(made) is TORCH[name]
    assert {key: value for key, value in made.defaults.items() if key not in OURS | {"lr"}} == {
        key: value for key, value in theirs.defaults.items() if key not in OURS | {"lr"}
    }
    if optimizers[name].options.rate is not None:
        assert made.defaults["lr"] == theirs.defaults["lr"]


@pytest.mark.parametrize("name", TORCH)
def test_every_option_reaches_torch(name: str) -> None:
    """Each option at another value changes torch's settings, and nothing but them."""
    part = optimizers[name]
    plain = make_optimizer(network(), options(optimizer=name)).defaults
    for item in fields(part.options):  # type: ignore[arg-type]
        value = (
            not item.default if isinstance(item.default, bool) else item.default * 0.5 + (0.0 if item.default else 0.5)
        )
        if (name, item.name) in {("adafactor", "clip"), ("rprop", "faster")}:
            value = item.default * 2
        changed = make_optimizer(network(), options(optimizer=name, **{part.field(item.name): value})).defaults
        assert changed != plain, item.name


@pytest.mark.parametrize("name", [name for name in TORCH if name != "rprop"])
def test_it_learns_and_its_state_can_be_kept_and_taken_up(name: str) -> None:
    images, labels = torch.randn(16, 3, 8, 8), torch.arange(16) % 3
    model = network()
    optimizer = make_optimizer(model, options(optimizer=name, learning_rate=0.01))
    losses = [_step(model, optimizer, images, labels) for _ in range(30)]
    assert losses[-1] < losses[0]
    twin = network()
    twin.load_state_dict(model.state_dict())
    other = make_optimizer(twin, options(optimizer=name, learning_rate=0.01))
    other.load_state_dict(deepcopy(optimizer.state_dict()))  # torch would share the tensors
    assert [_step(model, optimizer, images, labels) for _ in range(3)] == [
        _step(twin, other, images, labels) for _ in range(3)
    ]


def _step(model: nn.Module, optimizer: optim.Optimizer, images: torch.Tensor, labels: torch.Tensor) -> float:
    loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def test_biases_and_normalization_do_not_decay_unless_asked() -> None:
    model = network()
    groups = make_optimizer(model, options(optimizer="adamw", weight_decay=0.1)).param_groups
    decay = {id(weight): group["weight_decay"] for group in groups for weight in group["params"]}
    assert {name: decay[id(weight)] for name, weight in model.named_parameters()} == {
        name: 0.1 if weight.ndim > 1 else 0.0 for name, weight in model.named_parameters()
    }
    (group,) = make_optimizer(model, options(optimizer="adamw", weight_decay=0.1, no_decay=False)).param_groups
    assert group["weight_decay"] == 0.1


def test_a_group_learns_at_its_own_factor_of_the_rate() -> None:
    optimizer = make_optimizer(network(), options(rate_factors="3 = 10"))
    set_rate(optimizer, 0.5)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == [0.5, 5.0]


@pytest.mark.parametrize(("name", "rate", "decay"), [("sgd", 0.01, 1e-4), ("adamw", 0.001, 0.01), ("adadelta", 1.0, 0)])
def test_blank_rate_and_decay_are_the_usual_ones(name: str, rate: float, decay: float) -> None:
    found = options(optimizer=name)
    assert (found.learning_rate, found.weight_decay) == (rate, decay)


def test_every_make_names_only_what_torch_knows() -> None:
    for name, kind in TORCH.items():
        known = inspect.signature(kind).parameters
        assert {"params", "lr"} <= known.keys(), name
