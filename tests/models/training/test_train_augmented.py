"""Whole trainings with augmentation, balanced classes and weights: they learn, and say what does not fit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from data.errors import InvalidOptions
from tests.models.jobs import make_dataset, of_kind, train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home)
    return home


def test_gradients_are_learnt_from_augmented_images(home: Path) -> None:
    _, events = train(
        home, epochs=10, learning_rate=0.02, rotation=15, scaling=0.1, value=0.05, contrast=0.2, noise=0.02, mixup=0.2,
    )  # fmt: skip
    assert of_kind(events, "metrics")[-1]["values"]["val/accuracy"] > 0.9
    accuracy = [
        event["values"]["train/accuracy"] for event in of_kind(events, "points") if "train/accuracy" in event["values"]
    ]
    assert all(0 <= value <= 1 for value in accuracy)


def test_balanced_and_weighted(home: Path) -> None:
    _, events = train(home, epochs=6, learning_rate=0.02, sampler="balanced", class_weights="effective")
    last = of_kind(events, "metrics")[-1]["values"]
    assert last["val/accuracy"] > 0.9
    assert math.isfinite(last["train/loss"])


def test_quarter_turns_of_images_that_are_not_square_are_refused(tmp_path: Path) -> None:
    make_dataset(tmp_path, size=10, width=12, height=10)
    with pytest.raises(InvalidOptions) as caught:
        train(tmp_path, quarter_turns="all")
    assert "12x10" in caught.value.fields["quarter_turns"][0]
    train(tmp_path, quarter_turns="all", crop_size=8, epochs=0.2)
