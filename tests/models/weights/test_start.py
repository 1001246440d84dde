"""Networks filled with weights: torchvision's give torchvision's answers, others as far as they fit."""

from __future__ import annotations

import csv
import urllib.error
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision.transforms import v2

from data.archives import unpack
from data.errors import UserError
from models.examine import Shape
from models.networks import networks
from models.source_loader import load_network
from models.weights import zoo
from models.weights.matching import match
from models.weights.origin import Origin, about
from models.weights.start import classifier_of, compare, fill, shapes_of, start
from tests.data.shared import shared_archive

PRETRAINED = [network for network in networks if network.pretrained]
LARGE = ("alexnet", "vgg16", "resnet50")  # they take long to make, and are paired by the same rules
NAME = attrgetter("name")


def _built(name: str, classes: int = 1000, side: int = 64) -> tuple[str, Shape, nn.Module]:
    shape = Shape(3, side, side, classes)
    source = networks[name].source
    return source, shape, load_network(source, **shape.keywords())


@pytest.mark.parametrize("network", [network for network in PRETRAINED if network.name not in LARGE], ids=NAME)
def test_torchvisions_weights_give_torchvisions_scores(network) -> None:  # type: ignore[no-untyped-def]
    """Where only the order of the layers pairs them, equal scores are the proof that it paired them right."""
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(zoo.catalogue()[network.pretrained], weights=None).eval()
    for module in theirs.modules():  # statistics and scales that are no 0 and 1, so that a mix-up would show
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data.uniform_(0.5, 1.5)
    _, _, ours = _built(network.name)
    tensors = theirs.state_dict()
    table = match(shapes_of(ours), {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    assert not [row for row in table.rows if row.status != "taken" and not str(row.name).endswith("tracked")]
    fill(ours, table, tensors)
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(ours.eval()(image), theirs(image), rtol=1e-3, atol=1e-4)


def test_the_classifier_is_what_changes_with_the_number_of_classes() -> None:
    source, shape, _ = _built("squeezenet")
    assert classifier_of(source, shape) == {"classifier.1.weight", "classifier.1.bias"}
    fixed = "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self):\n        super().__init__(4, 2)"
    assert classifier_of(fixed, shape) == frozenset()


def test_real_squeezenet_weights_load_strictly_and_say_what_they_said_elsewhere(tmp_path: Path) -> None:
    unpack(shared_archive("nets.tar.gz"), tmp_path / "files")
    folder = tmp_path / "files" / "nets"
    origin = Origin("squeezenet", file=folder / "squeezenet1_0_imagenet_deepcompressed_rgbnorm.pth")
    source, shape, network = _built("squeezenet", side=227)
    started = start(source, shape, network, origin, [str(n) for n in range(1000)])
    assert started.match.strict
    prepare = v2.Compose([v2.Resize(256), v2.CenterCrop(227), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    normal = v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with (folder / "squeezenet_expected.csv").open() as file:
        expected = list(csv.DictReader(file))[:8]
    for row in expected:
        image = Image.open(folder / "imagenet-samples40" / row["file"]).convert("RGB")
        with torch.no_grad():
            best = network.eval()(normal(prepare(image))[None]).softmax(1).max(1)
        assert int(best.indices[0]) == int(row["top1"])
        assert float(best.values[0]) == pytest.approx(float(row["p1"]), abs=2e-3)


def test_two_classes_keep_the_features_and_make_the_classifier_anew(tmp_path: Path) -> None:
    _, _, big = _built("squeezenet")
    torch.save(big.state_dict(), tmp_path / "w.pt")
    source, shape, small = _built("squeezenet", classes=2)
    before = small.state_dict()["classifier.1.weight"].clone()
    started = start(source, shape, small, Origin("w.pt", file=tmp_path / "w.pt"), ["cat", "dog"])
    assert started.as_json()["anew"] == ["classifier.1.weight", "classifier.1.bias"]
    assert "50 of 52 tensors taken. These start at random: classifier.1.weight, classifier.1.bias." in started.notes[0]
    assert torch.equal(small.state_dict()["features.0.weight"], big.state_dict()["features.0.weight"])
    assert torch.equal(small.state_dict()["classifier.1.weight"], before)


def test_weights_of_another_network_or_damaged_ones_are_refused(tmp_path: Path) -> None:
    source, shape, network = _built("lenet", side=28)
    torch.save(nn.Linear(3, 3).state_dict(), tmp_path / "other.pt")
    with pytest.raises(UserError, match=r"None of the weights of other\.pt fit") as error:
        start(source, shape, network, Origin("other.pt", file=tmp_path / "other.pt"), ["a"])
    assert error.value.field == "weights_file"
    broken = network.state_dict()
    broken["conv1.weight"] = torch.full_like(broken["conv1.weight"], torch.nan)
    torch.save(broken, tmp_path / "nan.pt")
    with pytest.raises(UserError, match=r"damaged: conv1\.weight"):
        start(source, shape, network, Origin("nan.pt", file=tmp_path / "nan.pt"), ["a"])


@pytest.mark.parametrize("network", PRETRAINED, ids=NAME)
def test_the_table_of_pretrained_weights_needs_no_download(network) -> None:  # type: ignore[no-untyped-def]
    source, shape, built = _built(network.name, classes=2)
    given = about(Origin(network.pretrained, pretrained=network.pretrained))
    table = compare(source, shape, built, given, ["cat", "dog"])
    assert {row.name for row in table.of("anew")} == classifier_of(source, shape)
    assert len(given.classes or ()) == 1000
    assert np.allclose(given.normalisation[0], (0.485, 0.456, 0.406))  # type: ignore[index]


def test_without_internet_the_error_says_where_the_file_belongs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr("torch.hub.urlopen", refuse)
    with pytest.raises(UserError, match=r"could not be downloaded from https.*unreachable") as error:
        zoo.download("SqueezeNet1_0_Weights.IMAGENET1K_V1")
    assert str(tmp_path) in str(error.value.hint)


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UserError, match=r"ResNet18_Weights\.IMAGENET1K_V1"):
        zoo.entry_of("ResNet18_Weights.NEWEST")
