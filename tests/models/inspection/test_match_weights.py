"""The table of starting weights and layers as the form of a new model shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import UserError
from models.inspection.match_weights import match_weights
from models.networks import networks
from models.source_loader import load_network

SHAPE = {"channels": 3, "height": 64, "width": 64, "classes": 2}


def ask(network: str = "squeezenet", **params: Any) -> dict[str, Any]:
    """The answer, which must be JSON."""
    found, blobs = match_weights({"source": networks[network].source, **SHAPE, **params}, [])
    assert blobs == []
    return json.loads(json.dumps(found, allow_nan=False))


def test_without_weights_the_layers_are_told_outermost_first() -> None:
    found = ask()
    names = [layer["name"] for layer in found["layers"]]
    assert found["weights"] is None
    assert names[:3] == ["features", "features.0", "features.3"]
    assert "features.1" not in names  # a ReLU has no weights
    assert [layer["name"] for layer in found["layers"] if layer["classifier"]] == ["classifier", "classifier.1"]
    assert (found["learning"], found["frozen"]) == (736_450, 0)


def test_a_file_of_a_thousand_classes_fills_all_but_the_classifier(tmp_path: Path) -> None:
    big = load_network(networks["squeezenet"].source, channels=3, height=64, width=64, classes=1000)
    torch.save(big.state_dict(), tmp_path / "w.pt")
    origin = {"title": "w.pt", "file": str(tmp_path / "w.pt")}
    table = ask(origin=origin, names=["cat", "dog"])["weights"]
    assert table["counts"] == {"taken": 50, "anew": 2, "missing": 0, "unused": 0}
    assert table["imagenet"] is True
    assert {row["name"] for row in table["rows"] if row["status"] == "anew"} == {
        "classifier.1.weight",
        "classifier.1.bias",
    }


def test_frozen_layers_and_factors_are_shown_at_each_layer() -> None:
    found = ask("resnet18", freeze="conv1, norm1, stage1", rate_factors="stage2 = 0.1")
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["stage1.0.conv1"]["frozen"]
    assert layers["stage1"]["norms"] == 4
    assert (layers["stage2.1"]["factor"], layers["fc"]["factor"], layers["stage1"]["factor"]) == (0.1, 1.0, None)
    assert found["learning"] + found["frozen"] == 11_177_538


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"freeze": "nothing"}, "freeze"),
        ({"rate_factors": "nothing = 2"}, "rate_factors"),
        ({"origin": {"title": "X", "pretrained": "X"}}, "pretrained"),
        ({"origin": {"title": "w.pt", "file": "/nowhere/w.pt"}}, "weights_file"),
    ],
)
def test_what_is_wrong_names_its_field(params: dict[str, Any], field: str) -> None:
    with pytest.raises(UserError) as error:
        ask(**params)
    assert error.value.field == field


def test_a_constructor_that_looks_at_numbers_is_built_for_real() -> None:
    source = networks["lenet"].source.replace(
        "super().__init__()", "super().__init__()\n        self.scale = float(nn.Linear(2, 2).weight.sum())"
    )
    found, _ = match_weights({"source": source, **SHAPE, "freeze": "conv1"}, [])
    assert found["frozen"] > 0
