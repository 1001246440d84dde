"""Every schedule against its formula or torch's own scheduler; warm-up; what is planned is what each step gets."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from data.errors import InvalidOptions
from data.options import parse
from models.train_options import TrainOptions, completed
from models.training.course import Course
from models.training.schedule import LARGEST, learning_rate, projected
from models.training.schedules import schedules
from models.training.schedules.drawn import points


def options(**values: Any) -> TrainOptions:
    """Complete options with base rate 1, so that rates are factors."""
    return completed(parse(TrainOptions, {"dataset": "d", "learning_rate": 1.0, **values}))


def at(percents: list[float], **values: Any) -> list[float]:
    found = options(**values)
    return [learning_rate(found, percent / 100) for percent in percents]


def torchs(scheduler: type, steps: int, **values: Any) -> list[float]:
    """The rates that one of torch's own schedulers gives to ``steps`` steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    made = scheduler(optimizer, **values)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return rates


def steps(count: int, **values: Any) -> list[float]:
    """The rates of the steps of a training of ``count`` steps."""
    found = options(**values)
    return [learning_rate(found, step / count) for step in range(count)]


def test_every_schedule_is_there_and_none_is_broken() -> None:
    names = {"fixed", "step", "multistep", "exp", "inv", "poly", "sigmoid", "cosine", "restarts", "one_cycle"}
    assert set(schedules.names()) == names | {"plateau", "drawn"}
    assert schedules.broken == {}


@pytest.mark.parametrize("name", schedules.names())
def test_contract_of_every_schedule(name: str) -> None:
    """A help, finite rates that are never negative, and the same rate for the same progress."""
    assert schedules[name].help.endswith((".", "!"))
    rates = projected(options(schedule=name))
    assert all(0 <= rate < LARGEST and math.isfinite(rate) for rate in rates)
    assert rates == projected(options(schedule=name))


def test_cosine_is_torchs() -> None:
    assert steps(40, schedule="cosine") == pytest.approx(torchs(lr_scheduler.CosineAnnealingLR, 40, T_max=40))


@pytest.mark.parametrize("longer", [1, 2])
def test_restarts_are_torchs(longer: int) -> None:
    first = 28 // (4 if longer == 1 else 7)  # 7 7 7 7, or 4 8 16
    expected = torchs(lr_scheduler.CosineAnnealingWarmRestarts, 28, T_0=first, T_mult=longer)
    assert steps(28, schedule="restarts", restarts_cycles=4 if longer == 1 else 3, restarts_longer=longer) == (
        pytest.approx(expected, abs=1e-9)
    )


@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_one_cycle_has_torchs_shape(shape: str) -> None:
    """torch counts to the last step, Foveal to the end of the training: the same curve over 101 points."""
    anneal = "cos" if shape == "cosine" else "linear"
    expected = torchs(
        lr_scheduler.OneCycleLR, 101, max_lr=1.0, total_steps=101, pct_start=31 / 101, anneal_strategy=anneal
    )
    found = at([float(p) for p in range(101)], schedule="one_cycle", one_cycle_shape=shape)
    peak = expected.index(max(expected))
    assert found[0] == pytest.approx(expected[0])
    assert found[peak:] == pytest.approx(expected[peak:], abs=1e-9)
    assert found[:peak] == pytest.approx(expected[:peak], abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_plateau_falls_where_torchs_does(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    losses = (torch.rand(60, generator=generator) + torch.linspace(2, 0.5, 60)).tolist()
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1)
    found = options(schedule="plateau", plateau_gamma=0.5, plateau_patience=2, plateau_cooldown=1)
    for count in range(1, 61):
        theirs.step(losses[count - 1])
        measured = [{"val/loss": loss} for loss in losses[:count]]
        assert learning_rate(found, 0.5, measured) == pytest.approx(optimizer.param_groups[0]["lr"]), count


def test_plateau_passes_over_reports_without_its_curve_and_maximizes_accuracy() -> None:
    found = options(schedule="plateau", plateau_curve="val/accuracy", plateau_patience=1, plateau_gamma=0.1)
    rising = [{"val/accuracy": 0.1 * step} for step in range(9)]
    assert learning_rate(found, 0.5, rising) == 1.0
    assert learning_rate(found, 0.5, [{"train/loss": 1.0}] * 9) == 1.0
    assert learning_rate(found, 0.5, [{"val/accuracy": 0.5}] * 3) == pytest.approx(0.1)


def test_drawn_goes_through_its_points() -> None:
    text = "0:0.1, 50:1, 100:0.01"
    assert at([0, 25, 50, 75, 100], schedule="drawn", drawn_points=text) == (
        pytest.approx([0.1, math.sqrt(0.1), 1, 0.1, 0.01])
    )
    assert at([25, 75], schedule="drawn", drawn_points=text, drawn_shape="linear") == pytest.approx([0.55, 0.505])
    assert at([49, 50, 99], schedule="drawn", drawn_points=text, drawn_shape="steps") == pytest.approx([0.1, 1, 1])
    assert at([0, 100], schedule="drawn", drawn_points="40:0.5") == [0.5, 0.5]


@pytest.mark.parametrize(
    "text", ["x", "1:2:3", "101:1", "5:-1", ",", "1:nan", ", ".join(f"{i / 3}:1" for i in range(201))]
)
def test_points_that_are_none_are_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidOptions) as error:
        options(schedule="drawn", drawn_points=text)
    assert list(error.value.fields) == ["drawn_points"]


def test_points_are_sorted_and_the_last_of_two_at_one_place_counts() -> None:
    assert points("50:1, 0:2, 50:3") == ((0.0, 2.0), (50.0, 3.0))


@pytest.mark.parametrize("name", schedules.names())
def test_a_warm_up_goes_in_front_of_any_schedule(name: str) -> None:
    plain = options(schedule=name)
    warm = options(schedule=name, warmup="linear", warmup_percent=20, warmup_start=0.1)
    first = learning_rate(plain, 0)
    assert [learning_rate(warm, p) for p in (0, 0.1)] == pytest.approx([0.1 * first, 0.55 * first])
    for progress in (0.2, 0.4, 0.7, 1.0):
        assert learning_rate(warm, progress) == pytest.approx(learning_rate(plain, (progress - 0.2) / 0.8), abs=1e-9)
    soft = options(schedule=name, warmup="cosine", warmup_percent=20, warmup_start=0.0)
    assert learning_rate(soft, 0.1) == pytest.approx(0.5 * first)


def test_a_schedule_that_leaves_the_range_of_numbers_is_held() -> None:
    wild = options(schedule="step", step_gamma=1000, step_percent=0.01)
    assert learning_rate(wild, 1.0) == LARGEST


def test_a_changed_rate_scales_the_schedule_from_the_next_step_on() -> None:
    course = Course(options(schedule="poly"), 100)
    before = [course.rate(step) for step in range(1, 101)]
    course.change(40, 0.001)
    course.change(60, 0.5)
    after = [course.rate(step) for step in range(1, 101)]
    assert after[:40] == before[:40]
    assert after[40] == pytest.approx(0.001)
    assert after[60] == pytest.approx(0.5)
    assert after[80] / after[60] == pytest.approx(before[80] / before[60])
