"""Whole trainings on the gradient classes: accuracy, events, checkpoints, retraining, failures in words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from data.database import open_dataset
from data.errors import UserError
from jobs.recorder import plain
from models.inspection.classify import classify, logits
from models.inspection.loaded import Models, models, read_model
from models.training import checkpoint
from tests.models.jobs import DATASET, SMALL, make_dataset, of_kind, train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home)
    return home


@pytest.mark.parametrize("mean", ["none", "pixel", "image"])
def test_gradients_are_learnt_and_classified_right(home: Path, mean: str) -> None:
    folder, events = train(home, epochs=8, mean_subtraction=mean, learning_rate=0.02)
    assert of_kind(events, "metrics")[-1]["values"]["val/accuracy"] > 0.95
    image = home / "images" / "green-to-top" / "0003.png"
    answer, pictures = classify({"folder": str(folder.path), "checkpoint": None, "top": 2}, [image.read_bytes()])
    assert answer["predictions"][0][0]["class"] == "green-to-top"
    assert len(answer["predictions"][0]) == 2
    assert pictures[0].startswith(b"\x89PNG")


def test_events_are_plain_and_every_step_has_its_points(home: Path) -> None:
    folder, events = train(home, epochs=2, flip=True, crop_size=8)
    json.dumps(plain([event for event in events if event["kind"] not in ("points", "confine")]), allow_nan=False)
    steps = [event["step"] for event in events if "train/loss" in event.get("values", {}) and event["kind"] == "points"]
    assert steps == list(range(1, steps[-1] + 1))
    model = json.loads((folder.artifacts / "model.json").read_text())
    assert (model["width"], model["height"], model["channels"], model["dataset"]) == (8, 8, 3, DATASET)
    assert [event["epoch"] for event in of_kind(events, "metrics")] == [1.0, 2.0]
    assert any("No GPU" in event["text"] for event in of_kind(events, "note")) != torch.cuda.is_available()


def test_the_same_seed_trains_the_same_weights(home: Path) -> None:
    one, two = (train(home, flip=True, crop_size=8, seed=5)[0] for _ in range(2))
    other, _ = train(home, flip=True, crop_size=8, seed=6)
    weights = [(checkpoint.find(folder.checkpoints).weights).read_bytes() for folder in (one, two, other)]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_checkpoint_describes_itself_and_gives_the_training_models_scores(home: Path) -> None:
    """Train/serve parity: the loop's own preprocessing of a record, and the inspector's of the same picture."""
    folder, _ = train(home, epochs=1, mean_subtraction="image", crop_size=8)
    model = Models(read_model).get(folder.path)
    split = open_dataset(home / DATASET / "artifacts").split("val")
    record = split.image(0)
    with torch.no_grad():
        inputs = model.normalise(torch.from_numpy(record[None, 1:9, 1:9].copy()))
        expected = model.network(inputs)
    served = logits(model, model.preprocessing.pixels(split.encoded(0))[None])
    assert torch.allclose(served, expected, atol=1e-5)
    mean = np.load(folder.artifacts / "mean.npy")
    by_hand = (record[1:9, 1:9].astype(np.float32) - mean) * model.preprocessing.scale
    assert np.allclose(inputs[0].permute(1, 2, 0).numpy(), by_hand, atol=1e-5)
    facts = json.loads(checkpoint.find(folder.checkpoints).weights.with_suffix(".json").read_text())
    assert facts["source"] == SMALL
    assert facts["model"]["classes"] == ["blue-to-left", "green-to-top", "red-to-right"]


def test_the_state_beside_the_newest_checkpoint_is_safe_to_load(home: Path) -> None:
    folder, events = train(home, epochs=1, checkpoint_interval=0.5)
    assert [event["name"] for event in of_kind(events, "checkpoint")] == ["epoch-00.50", "epoch-01.00"]
    (state,) = folder.checkpoints.glob("*.state.pt")
    values = torch.load(state, weights_only=True)
    assert state.name == "epoch-01.00.state.pt"
    assert values["step"] == of_kind(events, "checkpoint")[-1]["step"]


def test_weights_of_an_earlier_model_are_taken_where_they_fit(home: Path) -> None:
    first, _ = train(home, epochs=2)
    wider = SMALL.replace(
        "self.fc = nn.Linear(8 * height * width, classes)", "self.fc = nn.Linear(8 * height * width, 9)"
    )
    folder, events = train(home, wider, start_from=first.path.name, learning_rate=1e-12)
    text = next(event["text"] for event in of_kind(events, "note") if "Started from" in event["text"])
    assert "fc.weight, fc.bias" in text
    one, two = (checkpoint_weights["conv.weight"] for checkpoint_weights in map(_weights, (first, folder)))
    assert torch.allclose(one, two, atol=1e-6)


def test_a_rate_far_too_high_ends_in_advice(home: Path) -> None:
    with pytest.raises(UserError, match="Try decreasing your learning rate"):
        train(home, learning_rate=1e15, epochs=5)


def test_an_error_while_training_names_the_line(home: Path) -> None:
    source = SMALL.replace("return self.fc(", "assert not (self.training and len(x) == 8)\n        return self.fc(")
    with pytest.raises(UserError, match=r"Line 14 of your network: AssertionError.* It reads: assert not"):
        train(home, source)


def test_a_crop_larger_than_the_images_is_refused(home: Path) -> None:
    with pytest.raises(UserError, match="does not fit"):
        train(home, crop_size=11)


def test_without_validation_images_training_goes_on_and_says_so(tmp_path: Path) -> None:
    make_dataset(tmp_path, val_percent=0, channels=1)
    _, events = train(tmp_path, network="custom", epochs=2)
    assert any("no validation images" in event["text"] for event in of_kind(events, "note"))
    assert all("val/loss" not in event["values"] for event in of_kind(events, "metrics"))


def test_many_images_are_classified_like_one_by_one_and_a_bad_one_is_named(home: Path) -> None:
    folder, _ = train(home)
    files = sorted((home / "images").rglob("*.png"))[::7]
    values = {"folder": str(folder.path), "checkpoint": "epoch-01.00", "top": 3}
    many, pictures = classify({**values, "paths": [str(path) for path in files]}, [])
    for path, predictions in zip(files, many["predictions"], strict=True):
        alone = classify(values, [path.read_bytes()])[0]["predictions"][0]
        assert [p["class"] for p in alone] == [p["class"] for p in predictions]
        assert [p["probability"] for p in alone] == pytest.approx([p["probability"] for p in predictions], abs=1e-5)
    assert len(pictures) == len(files)
    with pytest.raises(UserError, match="image 2 of 2"):
        classify(values, [files[0].read_bytes(), b"no image"])


def test_least_recently_used_models_leave_when_memory_is_short(home: Path) -> None:
    folders = [train(home)[0] for _ in range(2)]
    kept = Models(read_model, keep=1)
    first = kept.get(folders[0].path)
    assert kept.get(folders[0].path) is first
    kept.get(folders[1].path)
    assert kept.get(folders[0].path) is not first
    with pytest.raises(UserError, match="no checkpoint nonsense"):
        models.get(folders[0].path, "nonsense")


def _weights(folder) -> dict[str, torch.Tensor]:  # type: ignore[no-untyped-def]
    from safetensors.torch import load_file

    return load_file(checkpoint.find(folder.checkpoints).weights)
