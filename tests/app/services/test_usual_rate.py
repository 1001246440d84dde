"""A blank rate is a tenth of the network's own where trained weights are the start: planned and trained alike."""

from __future__ import annotations

import pytest

from app.services.schedules import project
from models.networks import networks
from models.train_options import TrainOptions, completed


@pytest.mark.parametrize("start", [{"pretrained": "X"}, {"weights_file": "/w.pt"}, {"start_from": "m"}])
def test_the_plan_shows_the_rate_that_is_trained_with(start: dict[str, str]) -> None:
    own = networks["resnet18"].learning_rate
    blank = {"network": "resnet18", "schedule": "fixed"}
    assert completed(TrainOptions(dataset="d", **blank, **start)).learning_rate == pytest.approx(own / 10)
    plain, tuned = project([blank, {**blank, **start}], 2)
    assert plain["rates"] == pytest.approx([own, own])
    assert tuned["rates"] == pytest.approx([own / 10, own / 10])


def test_a_rate_that_is_given_and_that_of_other_optimizers_stay() -> None:
    given = TrainOptions(dataset="d", network="resnet18", pretrained="X", learning_rate=0.5)
    assert completed(given).learning_rate == 0.5
    adam = TrainOptions(dataset="d", network="resnet18", pretrained="X", optimizer="adam")
    assert completed(adam).learning_rate == 0.001
