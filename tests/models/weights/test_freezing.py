"""Frozen layers keep weights and statistics through a real training; factors reach the optimizer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from data.errors import UserError
from jobs.folder import JobFolder
from models.training import checkpoint
from models.weights.freezing import NOTHING_FROZEN, freeze, parameter_groups, training_mode
from tests.models.jobs import make_dataset, of_kind, train


class Small(nn.Module):
    """Two blocks and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
        self.fc = nn.Linear(4, 2)


def test_a_frozen_layer_is_frozen_with_all_within_and_its_norms_stay_in_evaluation() -> None:
    network = Small()
    frozen = freeze(network, ["features"])
    training_mode(network, frozen)
    assert [name for name, weight in network.named_parameters() if weight.requires_grad] == ["fc.weight", "fc.bias"]
    assert [part.training for part in network.features] == [True, False, True, False]
    assert frozen.notes == (
        "Frozen: features. 276 weights stay as they are, 10 are learnt. 2 normalization layers keep their statistics.",
    )
    training_mode(network, NOTHING_FROZEN)
    assert all(part.training for part in network.modules())


def test_patterns_numbers_and_one_norm_alone() -> None:
    network = Small()
    frozen = freeze(network, ["features.1", "features.[02]"])
    training_mode(network, frozen)
    assert [part.training for part in network.features] == [True, False, True, True]
    learning = [name for name, weight in network.named_parameters() if weight.requires_grad]
    assert learning == ["features.3.weight", "features.3.bias", "fc.weight", "fc.bias"]


def test_an_unknown_layer_and_nothing_left_to_learn_are_refused() -> None:
    with pytest.raises(UserError, match=r"no layer features\.9; its parts are features, fc") as error:
        freeze(Small(), ["features.9"])
    assert error.value.field == "freeze"
    with pytest.raises(UserError, match="nothing would be learnt"):
        freeze(Small(), ["*"])


def test_every_learning_weight_is_in_one_group_with_the_last_factor_that_means_it() -> None:
    network = Small()
    freeze(network, ["features.0"])
    groups = parameter_groups(network, {"*": 2.0, "features": 0.1, "features.3": 0.5})
    named = {id(weight): name for name, weight in network.named_parameters()}
    found = {named[id(weight)]: group["factor"] for group in groups for weight in group["params"]}
    assert found == {
        "features.1.weight": 0.1,
        "features.1.bias": 0.1,
        "features.2.weight": 0.1,
        "features.2.bias": 0.1,
        "features.3.weight": 0.5,
        "features.3.bias": 0.5,
        "fc.weight": 2.0,
        "fc.bias": 2.0,
    }


def test_a_factor_for_no_layer_is_refused() -> None:
    with pytest.raises(UserError, match="no layer stage1") as error:
        parameter_groups(Small(), {"stage1": 0.1})
    assert error.value.field == "rate_factors"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home)
    return home


def _weights(folder: JobFolder) -> dict[str, torch.Tensor]:
    return load_file(checkpoint.find(folder.checkpoints).weights)


def test_training_leaves_frozen_weights_and_statistics_bit_for_bit(home: Path) -> None:
    first, _ = train(home)
    folder, events = train(home, start_from=first.path.name, freeze="conv, norm", seed=3)
    before, after = _weights(first), _weights(folder)
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {name for name in before if not name.startswith("fc")}
    assert any("Frozen: conv, norm." in event["text"] for event in of_kind(events, "note"))


def test_training_from_a_file_with_a_factor_says_so_in_model_json(home: Path, tmp_path: Path) -> None:
    first, _ = train(home)
    weights = _weights(first)
    save_file({name: value for name, value in weights.items() if name != "fc.bias"}, tmp_path / "w.safetensors")
    folder, events = train(home, weights_file=str(tmp_path / "w.safetensors"), rate_factors="conv = 1e-6", epochs=1)
    about = json.loads((folder.artifacts / "model.json").read_text())["start"]
    assert (about["title"], about["anew"], about["how"]) == ("w.safetensors", ["fc.bias"], "name")
    moved = {name: float((value - weights[name]).abs().max()) for name, value in _weights(folder).items()}
    assert moved["conv.weight"] < 1e-5 < moved["fc.weight"]
    assert any("Started from w.safetensors" in event["text"] for event in of_kind(events, "note"))


def test_a_model_of_other_classes_gives_its_layers_but_not_its_classifier(home: Path, tmp_path: Path) -> None:
    first, _ = train(home)
    described = first.checkpoints / "epoch-01.00.json"
    facts = json.loads(described.read_text())
    facts["model"]["classes"] = ["a", "b", "c"]
    described.write_text(json.dumps(facts))
    folder, _ = train(home, start_from=first.path.name, learning_rate=1e-12)
    about = json.loads((folder.artifacts / "model.json").read_text())["start"]
    assert about["anew"] == ["fc.weight", "fc.bias"]


def test_imagenets_figures_are_one_factor_for_each_channel(home: Path) -> None:
    folder, _ = train(home, mean_subtraction="imagenet")
    model = json.loads((folder.artifacts / "model.json").read_text())["preprocessing"]
    assert model["mean_pixel"] == pytest.approx([255 * value for value in (0.485, 0.456, 0.406)])
    assert model["scale"] == pytest.approx([1 / (255 * value) for value in (0.229, 0.224, 0.225)])
