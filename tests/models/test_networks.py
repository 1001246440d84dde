"""Every network of the library keeps the contract: listed without torch, trains at its least and its usual size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision

from data.errors import UserError
from models.examine import Shape, examine
from models.networks import Network, Networks, networks, read_networks
from models.source_loader import load_network

EVERY = [pytest.param(network, id=network.name) for network in networks]
ORACLES = {
    "alexnet": "alexnet",
    "vgg16": "vgg16_bn",
    "resnet18": "resnet18",
    "resnet50": "resnet50",
    "mobilenet_v3_small": "mobilenet_v3_small",
}
"""Our name -> the constructor of torchvision with the same weights."""


def test_the_library_is_read_without_torch() -> None:
    code = "import sys; from models.networks import networks; print(len(networks), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(networks)), "False"]


def test_no_file_is_broken_and_the_promised_networks_are_there() -> None:
    names = {"lenet", "alexnet", "googlenet", "vgg16", "resnet18", "resnet50", "mobilenet_v3_small"}
    assert names <= set(networks.names())
    assert networks.broken == {}


@pytest.mark.parametrize("network", EVERY)
def test_forward_and_backward_at_the_least_size(network: Network) -> None:
    side = max(network.least, 8)  # where 1x1 is allowed, something a little larger than a pixel
    model = load_network(network.source, channels=1, classes=3, height=side, width=side)
    scores = model(torch.randn(2, 1, side, side))
    F.cross_entropy(scores, torch.tensor([0, 2])).backward()
    assert scores.shape == (2, 3)
    lost = [name for name, weight in model.named_parameters() if weight.grad is None]
    assert lost == []


@pytest.mark.parametrize("network", EVERY)
def test_the_usual_size_works_in_colour_and_grey_and_is_shown_by_layer(network: Network) -> None:
    for channels in (1, 3):
        found = examine(network.source, Shape(channels, network.size, network.size, 10))
        assert found.output == [2, 10]
        assert sum(layer["parameters"] for layer in found.layers) == found.parameters


@pytest.mark.parametrize("network", [case for case in EVERY if case.values[0].least > 1])  # type: ignore[attr-defined]
def test_one_pixel_less_than_the_least_size_is_refused_in_words(network: Network) -> None:
    side = network.least
    with pytest.raises(UserError, match=rf"too small for this network.* at least {side}x{side}"):
        examine(network.source, Shape(3, side - 1, side, 10))


@pytest.mark.parametrize(("name", "oracle"), ORACLES.items())
def test_parameter_counts_are_those_of_torchvision(name: str, oracle: str) -> None:
    with torch.device("meta"):
        theirs = getattr(torchvision.models, oracle)(weights=None)
    found = examine(networks[name].source, Shape(3, 224, 224, 1000))
    assert found.parameters == sum(weight.numel() for weight in theirs.parameters())


def test_lenet_has_the_weights_of_caffes() -> None:
    assert examine(networks["lenet"].source, Shape(1, 28, 28, 10)).parameters == 431_080


def test_googlenet_differs_from_torchvisions_only_in_its_5x5_convolutions() -> None:
    with torch.device("meta"):
        theirs = torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    blocks = [(16, 32), (32, 96), (16, 48), (24, 64), (24, 64), (32, 64), (32, 128), (32, 128), (48, 128)]
    more = sum(inputs * outputs * (25 - 9) for inputs, outputs in blocks)  # torchvision has 3x3 there
    found = examine(networks["googlenet"].source, Shape(3, 224, 224, 1000))
    assert found.parameters == sum(weight.numel() for weight in theirs.parameters()) + more


def test_constants_are_set_and_info_is_cut_out() -> None:
    assert "DEPTH = 50 " in networks["resnet50"].source
    assert all("INFO" not in network.source for network in networks)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1", "no INFO"),
        ("INFO = {'name': 'a'}", "missing"),
        ("INFO = make()", "malformed"),
        ("INFO = {'name': 'a', 'set': {'DEPTH': 3}}", "DEPTH"),
    ],
)
def test_a_file_without_a_proper_info_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises((ValueError, TypeError), match=reason):
        read_networks(text)


def test_a_broken_file_is_shown_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def (")
    good = Path(__file__).parents[2] / "models" / "networks" / "lenet.py"
    library = Networks([tmp_path / "bad.py", good])
    assert library.names() == ["lenet"]
    assert "SyntaxError" in library.broken[str(tmp_path / "bad.py")]
