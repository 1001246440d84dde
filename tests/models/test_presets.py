"""Presets are recipes that the form takes as they are, and what is asked for beside them goes first."""

from __future__ import annotations

import pytest

from data.errors import InvalidOptions
from data.options import parse
from models.networks import networks
from models.presets import PRESETS, with_preset
from models.train_options import TrainOptions


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_recipe_without_a_dataset(name: str) -> None:
    preset = PRESETS[name]
    options = parse(TrainOptions, {"dataset": "x", **preset.options})
    assert options.network in networks
    assert {key: getattr(options, key) for key in preset.options} == dict(preset.options)
    assert preset.measured


def test_what_is_given_goes_before_the_preset() -> None:
    values = with_preset({"preset": "fast_cifar", "epochs": 3, "dataset": "x"})
    assert (values["epochs"], values["dataset"], values["flip"]) == (3, "x", True)
    assert "preset" not in values


def test_no_preset_changes_nothing() -> None:
    assert with_preset({"epochs": 3, "preset": None}) == {"epochs": 3}


def test_an_unknown_preset_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidOptions, match="fast_cifar"):
        with_preset({"preset": "slow"})
