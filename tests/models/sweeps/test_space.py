"""What a sweep varies: read from texts and JSON, counted, and refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from data.errors import InvalidOptions, UserError
from models.sweeps.options import SearchOptions, SweepOptions, trial_name
from models.sweeps.space import Choices, Range, check_values, combinations, count, read, read_space


@pytest.mark.parametrize("given", ["0.1, 0.01", "[0.1,0.01]", "0.1,0.01,0.1"])
def test_values_with_commas(given: str) -> None:
    assert read("learning_rate", given, ranges=False) == Choices(("0.1", "0.01"))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("learning_rate", "0.0001 .. 0.1", Range(0.0001, 0.1, log=True)),
        ("learning_rate", "1e-4 to 1e-1 linear", Range(1e-4, 0.1)),
        ("momentum", "0 .. 0.9", Range(0.0, 0.9)),
        ("batch_size", "16..64", Range(16, 64, whole=True)),
        ("batch_size", {"from": 16, "to": 512}, Range(16, 512, log=True, whole=True)),
        ("learning_rate", {"from": 0.01, "to": 0.02, "scale": "log"}, Range(0.01, 0.02, log=True)),
        ("optimizer", ["sgd", "adamw"], Choices(("sgd", "adamw"))),
        ("flip", [True, False], Choices((True, False))),
    ],
)
def test_ranges_and_lists_of_a_search(name: str, given: Any, expected: Choices | Range) -> None:
    found = read(name, given, ranges=True)
    assert found == expected
    assert read(name, found.to_dict(), ranges=True) == found


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("dataset", "a, b", "cannot be varied"),
        ("speed", "1, 2", "cannot be varied"),
        ("learning_rate", "0.1 .. 0.01", "from a smaller to a larger"),
        ("learning_rate", "0 .. 0.1 log", "begins above zero"),
        ("learning_rate", "x .. 0.1", "'x' is not a number"),
        ("learning_rate", {"from": 1}, "A range is"),
        ("batch_size", "0.5 .. 4", "whole numbers"),
        ("optimizer", "1 .. 2", "no number"),
        ("learning_rate", [], "List the values"),
        ("learning_rate", [None], "numbers, texts"),
    ],
)
def test_what_makes_no_sense_is_said(name: str, given: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read(name, given, ranges=True)


def test_a_range_is_not_for_a_grid_and_all_wrong_options_are_named() -> None:
    with pytest.raises(InvalidOptions) as raised:
        read_space({"learning_rate": "0.1 .. 1", "speed": "1", "momentum": " ", "batch_size": "8"}, ranges=False)
    assert raised.value.fields.keys() == {"learning_rate", "speed"}
    assert "list the values with commas" in raised.value.fields["learning_rate"][0]


def test_combinations_change_the_last_option_fastest() -> None:
    space = read_space({"learning_rate": [0.1, 0.01], "batch_size": "8, 16"}, ranges=False)
    assert count(space) == 4
    assert [(one["learning_rate"], one["batch_size"]) for one in combinations(space)] == [
        (0.1, "8"), (0.1, "16"), (0.01, "8"), (0.01, "16"),
    ]  # fmt: skip
    assert trial_name("net", combinations(space)[3]) == "net learning_rate:0.01 batch_size:16"


def test_values_that_no_training_could_have_are_found_at_both_ends() -> None:
    space = read_space({"momentum": "0.5 .. 1", "optimizer": "sgd, nadir", "learning_rate": "0.1, 0.2"}, ranges=True)
    with pytest.raises(InvalidOptions) as raised:
        check_values(space, {})
    assert raised.value.fields.keys() == {"momentum", "optimizer"}
    assert raised.value.fields["momentum"][0].startswith("1.0:")


def test_a_sweep_comes_back_from_its_json() -> None:
    from data.options import parse, plain

    options = SweepOptions(
        model={"dataset": "d"}, space={"learning_rate": Range(1e-4, 1e-1, log=True).to_dict()}, search=SearchOptions()
    )
    again = parse(SweepOptions, plain(options))
    assert again == options
    assert again.varied == {"learning_rate": Range(1e-4, 1e-1, log=True)}
