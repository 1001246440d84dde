"""Schedules against their formulas, steps against DIGITS's arithmetic, threads against the load."""

from __future__ import annotations

import pytest

from data.errors import UserError
from models.train_options import TrainOptions, check_shared, completed
from models.training.plan import every, make_plan, steps_per_epoch
from models.training.schedule import learning_rate
from models.training.schedules import schedules
from models.training.threads import threads_for


def options(**values: object) -> TrainOptions:
    """Complete options with a batch of 10."""
    return completed(TrainOptions(**{"dataset": "d", "batch_size": 10, "learning_rate": 0.5, **values}))  # type: ignore[arg-type]


@pytest.mark.parametrize("percent", [0, 10, 32.9, 33, 65.9, 66, 98.9, 99, 100])
def test_step_is_the_formula_of_digits(percent: float) -> None:
    found = learning_rate(options(step_percent=33.0, step_gamma=0.1), percent / 100)
    assert found == pytest.approx(0.5 * 0.1 ** (percent // 33))


def test_step_falls_at_every_multiple_whatever_the_rounding() -> None:
    found = options(step_percent=100 / 3, step_gamma=0.5)
    assert [learning_rate(found, k / 3) for k in (1, 2, 3)] == pytest.approx([0.25, 0.125, 0.0625])


def test_fixed_stays() -> None:
    assert {learning_rate(options(schedule="fixed"), p / 10) for p in range(11)} == {0.5}


def test_every_choice_of_the_form_is_a_schedule() -> None:
    from data.options import schema

    assert set(schema(TrainOptions)["properties"]["schedule"]["enum"]) == set(schedules.names())


@pytest.mark.parametrize(
    ("records", "batch", "steps"), [(100, 10, 10), (95, 10, 10), (91, 10, 9), (1, 10, 1), (3, 1, 3)]
)
def test_a_last_batch_of_one_image_is_left_out(records: int, batch: int, steps: int) -> None:
    assert steps_per_epoch(records, batch) == steps


def test_half_an_epoch_makes_two_checkpoints_and_every_second_of_four_makes_two() -> None:
    half = make_plan(options(epochs=1, checkpoint_interval=0.5), 100, validates=True)
    assert list(half.checkpoints.values()) == ["epoch-00.50", "epoch-01.00"]
    second = make_plan(options(epochs=4, checkpoint_interval=2), 100, validates=True)
    assert second.checkpoints == {20: "epoch-02.00", 40: "epoch-04.00"}


def test_no_interval_saves_at_the_end_and_never_validates() -> None:
    plan = make_plan(options(epochs=3, checkpoint_interval=0, validation_interval=0), 100, validates=True)
    assert list(plan.checkpoints) == [30]
    assert plan.validations == frozenset()
    assert plan.reports == {10, 20, 30}


def test_the_last_step_is_always_there_and_none_is_out_of_reach() -> None:
    assert every(2, 10, 50) == [20, 40, 50]
    assert every(0.01, 10, 20) == list(range(1, 21))
    assert every(1e-9, 10, 3) == [1, 2, 3]


def test_checkpoints_close_together_have_different_names() -> None:
    plan = make_plan(options(epochs=1, checkpoint_interval=0.001), 10_000, validates=False)
    assert len(set(plan.checkpoints.values())) == len(plan.checkpoints) == 1000


def test_blank_options_are_the_networks_own() -> None:
    lenet = completed(TrainOptions(dataset="d", network="lenet"))
    assert (lenet.batch_size, lenet.learning_rate) == (64, 0.01)
    assert lenet.seed is not None
    assert completed(TrainOptions(dataset="d", optimizer="adam")).learning_rate == 0.001
    assert completed(lenet) == lenet


@pytest.mark.parametrize(
    ("cores", "foreign", "now", "threads"),
    [(2, 0.0, 2, 2), (2, 1.0, 2, 1), (2, 0.4, 2, 2), (2, 0.4, 1, 1), (2, 0.1, 1, 2), (2, 5.0, 2, 1), (8, 3.0, 8, 5)],
)
def test_threads_give_way_to_a_neighbour_and_come_back(cores: int, foreign: float, now: int, threads: int) -> None:
    assert threads_for(cores, foreign, now) == threads


def test_the_size_of_each_step_and_a_remainder_too_small_to_be_shared() -> None:
    plan = make_plan(options(batch_size=8, epochs=2), 45, validates=False, ranks=2)
    assert [plan.size(step) for step in range(1, 8)] == [8, 8, 8, 8, 8, 5, 8]
    assert make_plan(options(batch_size=8), 43, validates=False, ranks=2).steps_per_epoch == 5
    assert make_plan(options(batch_size=8), 43, validates=False).steps_per_epoch == 6
    with pytest.raises(UserError, match="A batch of 6 cannot be shared by 4 processes"):
        check_shared(options(batch_size=6), 4)
    check_shared(options(batch_size=8), 4)
