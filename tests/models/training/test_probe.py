"""The probe images of real trainings: answers agree with the reports, activations are those of the layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from data.errors import UserError
from jobs.folder import JobFolder
from models.probe.files import Validations
from models.training import probe
from models.training.probe import Capture, pictured, shades
from tests.models.jobs import make_dataset, of_kind, train


class Branching(nn.Module):
    """Convolutions with normalization and in-place activations, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 40, 3, padding=1)
        self.norm = nn.BatchNorm2d(40)
        self.act = nn.ReLU(inplace=True)
        self.hidden = nn.Linear(40, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.norm(self.second(F.relu(self.first(x)))))
        x += 1  # a residual would change it in place like this
        return self.head(torch.tanh(self.hidden(x.mean((2, 3)))))


@pytest.fixture
def model() -> Branching:
    torch.manual_seed(0)
    return Branching().eval()


def seen(model: nn.Module, layer: str, inputs: torch.Tensor) -> tuple[str, torch.Tensor]:
    with torch.inference_mode(), (capture := Capture(model, layer)):
        model(inputs)
    name, output = capture.found()
    assert output is not None
    return name, output


def test_the_last_convolution_is_taken_behind_its_normalization_and_activation(model: Branching) -> None:
    inputs = torch.randn(2, 3, 6, 6)
    expected = model.norm(model.second(model.first(inputs).relu())).relu()
    name, output = seen(model, "", inputs)
    assert name == "second"
    assert torch.allclose(output, expected)
    assert seen(model, "hidden", inputs)[1].shape == (2, 8)
    assert torch.allclose(seen(model, "first", inputs)[1], model.first(inputs).relu())


def test_without_a_convolution_it_is_the_last_linear_layer_but_one() -> None:
    model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.ReLU(), nn.Linear(6, 2))
    name, output = seen(model, "", torch.randn(3, 5))
    assert (name, tuple(output.shape)) == ("2", (3, 6))
    assert (output >= 0).all()


def test_maps_of_channels_tokens_and_neurons() -> None:
    maps, units = pictured(torch.randn(2, 40, 30, 10))
    assert maps.shape == (2, 16, 14, 10)
    assert (units[0], units[-1], len(set(units))) == (0, 39, 16)
    assert pictured(torch.randn(2, 49, 10))[0].shape == (2, 1, 3, 4)
    assert pictured(torch.randn(2, 1000))[0].shape == (2, 1, 16, 16)
    found = shades(torch.tensor([[[[-1.0, 3.0]]], [[[1.0, float("nan")]]]]))
    assert found["maps"].flatten().tolist() == [0, 255, 128, 64]
    assert (found["low"].tolist(), found["high"].tolist()) == ([-1.0], [3.0])


def validations(folder: JobFolder) -> Validations:
    return Validations(folder.path / "validations")


def test_every_validation_is_kept_with_answers_matrix_and_activations(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    folder, events = train(tmp_path, epochs=3, validation_interval=0.5, probe_images=7)
    files, about = validations(folder), validations(folder).about()
    assert about is not None
    reports = of_kind(events, "metrics")
    assert files.steps() == [event["step"] for event in reports]
    assert len(about["records"]) == 7
    assert set(about["labels"]) == {0, 1, 2}
    assert about["layer"] == "conv"
    for event in reports:
        found = files.read(event["step"])
        assert np.trace(found["matrix"]) / found["matrix"].sum() == pytest.approx(event["values"]["val/accuracy"])
        assert found["epoch"] == pytest.approx(event["epoch"])
        assert found["maps"].shape == (7, 8, 10, 10)
        first = found["top"][:, 0] == np.asarray(about["labels"])
        assert (found["own"][first] == found["sure"][first, 0]).all()


def test_of_very_many_validations_some_are_kept_evenly_and_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "MOST_KEPT", 4)
    make_dataset(tmp_path)
    folder, events = train(tmp_path, epochs=3, validation_interval=0.25, probe_images=3)
    planned = [event["step"] for event in of_kind(events, "metrics")]
    assert len(planned) == 12
    files = validations(folder)
    assert files.steps() == [planned[0], planned[4], planned[8], planned[11]]
    assert [int(files.read(step)["number"]) for step in files.steps()] == [0, 4, 8, 11]


def test_looking_changes_nothing_of_the_training(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    (_, plain), (_, looked) = (train(tmp_path, epochs=2, probe_images=count) for count in (0, 9))
    curves = [[e["values"] for e in of_kind(events, "metrics")] for events in (plain, looked)]
    assert curves[0] == curves[1]


def test_a_chosen_layer_and_one_that_there_is_not(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    folder, _ = train(tmp_path, probe_layer="fc")
    about = validations(folder).about()
    assert about is not None
    assert about["layer"] == "fc"
    with pytest.raises(UserError, match=r"no layer fc2 to follow. It has conv, fc\."):
        train(tmp_path, probe_layer="fc2")
    without, _ = train(tmp_path, probe_images=0)
    assert validations(without).steps() == []
