"""The search itself: values within their ranges, the same ones from the same seed, poor models given up, going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.sweeps.options import SearchOptions
from models.sweeps.search import Search
from models.sweeps.space import Choices, Range, Space

SPACE: Space = {
    "learning_rate": Range(1e-4, 1e-1, log=True),
    "batch_size": Range(8, 64, whole=True),
    "optimizer": Choices(("sgd", "adamw")),
}


def make(path: Path, curve: str = "val/loss", reports: int = 5, **options: Any) -> Search:
    return Search(path / "study.log", SPACE, SearchOptions(**{"first": 4, **options}), curve, reports)


def test_values_lie_within_and_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    drawn = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        search = make(tmp_path / name, sampler_seed=3)
        drawn.append([search.ask(f"id{number}").values for number in range(6)])
    assert drawn[0] == drawn[1]
    for values in drawn[0]:
        assert 1e-4 <= values["learning_rate"] <= 1e-1
        assert isinstance(values["batch_size"], int)
        assert 8 <= values["batch_size"] <= 64
        assert values["optimizer"] in ("sgd", "adamw")
    assert len({values["learning_rate"] for values in drawn[0]}) == 6


def test_a_model_worse_than_the_median_is_given_up_and_the_reason_is_said(tmp_path: Path) -> None:
    search = make(tmp_path, pruner="median")
    for loss in (0.5, 0.6, 0.7, 0.8):
        run = search.ask("id")
        assert [search.report(run, number, loss - 0.01 * number) for number in (1, 2, 3)] == ["", "", ""]
        search.done(run)
    poor = search.ask("poor")
    assert search.report(poor, 1, 0.9) == ""  # one validation says little
    reason = search.report(poor, 2, 0.9)
    assert reason == "the validation loss 0.9 after 2 validations is worse than the median of the models before it"
    assert search.report(poor, 3, 0.9) == ""  # it is said once
    search.done(poor)
    good = search.ask("good")
    assert search.report(good, 1, 0.4) == search.report(good, 2, 0.3) == ""
    search.done(good)
    assert search.best() == (6, pytest.approx(0.3))
    assert (search.asked, search.ended) == (6, 6)


def test_hyperband_gives_up_some_and_none_gives_up_nothing(tmp_path: Path) -> None:
    given_up = {}
    for pruner in ("hyperband", "none"):
        (tmp_path / pruner).mkdir()
        search = make(tmp_path / pruner, curve="val/accuracy", reports=9, pruner=pruner)
        given_up[pruner] = 0
        for trial in range(15):
            run = search.ask("id")
            for number in range(1, 10):
                if search.report(run, number, (trial * 7 % 15) / 15 + number / 100):
                    given_up[pruner] += 1
                    break
            search.done(run)
        assert search.largest
        assert search.best() is not None
    assert given_up["none"] == 0
    assert 0 < given_up["hyperband"] < 15


def test_it_goes_on_after_a_kill_with_half_a_line_and_a_lock_left(tmp_path: Path) -> None:
    search = make(tmp_path)
    first, second = search.ask("20260101-000000-0001"), search.ask("20260101-000000-0002")
    search.report(first, 1, 0.5)
    search.done(first)
    search.report(second, 1, 0.7)
    path = tmp_path / "study.log"
    path.write_bytes(path.read_bytes() + b'{"op_code": 4, "wor')
    path.with_name("study.log.lock").symlink_to(path)

    again = make(tmp_path)
    (running,) = again.running()
    assert (running.number, running.id, running.values) == (2, second.id, second.values)
    assert running.seen == {1: 0.7}
    again.report(running, 2, 0.4)
    again.done(running)
    assert again.best() == (2, pytest.approx(0.4))
    assert again.ask("x").values not in (first.values, second.values)


def test_what_diverged_is_avoided_and_what_was_aborted_says_nothing(tmp_path: Path) -> None:
    search = make(tmp_path, first=1)
    search.failed(search.ask("a"), poor=True)
    search.failed(search.ask("b"), poor=False)
    assert search.ended == 2
    assert search.best() is None
