"""Laws of attribution on many networks: sums, finiteness, names of layers, and that a network is left as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import models as torchvision

from data.errors import UserError
from models.attribution.method import methods, ordered
from models.attribution.methods.lrp import LrpOptions, lrp
from models.attribution.passes import Subject, forward, list_sites
from models.attribution.targets import Target
from tests.models.attribution.nets import TWINS, LeNet, digit, subject, trained, twin

RULES = ("epsilon", "epsilon_plus", "epsilon_plus_box", "epsilon_gamma_box", "zplus", "gamma")


def unsettled(net: nn.Module) -> nn.Module:
    """Batch normalizations as if trained, and no layer that is all zeros."""
    generator = torch.Generator().manual_seed(1)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.2, generator=generator)
        if isinstance(module, nn.Linear) and not module.weight.any():
            module.weight.data.normal_(0, 0.05, generator=generator)
    return net.eval()


def vit() -> nn.Module:
    """A small vision transformer; its class token and positions are not zero."""
    net = torchvision.VisionTransformer(
        image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=48, mlp_dim=96
    )
    nn.init.normal_(net.class_token, std=0.5)
    return net


NETS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: torchvision.resnet18(),
    "vit": vit,
    "mobilenet": lambda: torchvision.mobilenet_v3_small(),
}
BIG: dict[str, Callable[[], nn.Module]] = {
    "densenet121": lambda: torchvision.densenet121(),
    "googlenet": lambda: torchvision.googlenet(aux_logits=False, init_weights=False),
    "vit_b_16": lambda: torchvision.vit_b_16(image_size=64),
    "convnext": lambda: torchvision.convnext_tiny(),
    "swin": lambda: torchvision.swin_t(),
    "squeezenet": lambda: torchvision.squeezenet1_0(),
}
WITHOUT_RELU = ("vit", "vit_b_16", "convnext", "swin")
CASES = [*NETS, *(pytest.param(name, marks=pytest.mark.slow) for name in BIG)]


def case(name: str) -> Subject:
    """An untrained network of torchvision, a random image, and the class it thinks most of."""
    torch.manual_seed(0)
    net = unsettled({**NETS, **BIG}[name]())
    size = {"vit": 32, "resnet18": 48, "mobilenet": 48}.get(name, 64)
    image = torch.randn(1, 3, size, size)
    with torch.no_grad():
        best = int(net(image).argmax())
    low, high = torch.full_like(image, -3), torch.full_like(image, 3)
    return Subject(net, image, Target("class", best), low, high, torch.zeros_like(image))


@pytest.mark.parametrize("name", CASES)
def test_relevance_is_handed_on_whole(name: str) -> None:
    found = case(name)
    with torch.no_grad():
        score = float(found.network(found.image)[0, found.target.index])
    for preset in RULES:
        result = lrp(found, LrpOptions(preset=preset))  # type: ignore[arg-type]
        assert result.completeness is not None
        assert result.completeness.expected == pytest.approx(score, abs=1e-5), preset
        assert result.completeness.error <= 1e-3, preset
        assert torch.isfinite(result.values).all()
        assert float(result.values.abs().max()) <= 10 * abs(score)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NETS, *BIG])
def test_every_method_answers_or_says_why_not(name: str) -> None:
    found = case(name)
    before = {key: value.clone() for key, value in found.network.state_dict().items()}
    for chosen in ordered():
        if chosen.name in ("guided", "deconvnet") and name in WITHOUT_RELU:
            with pytest.raises(UserError, match="no ReLU"):
                chosen.run(found, chosen.options())
            continue
        result = chosen.run(found, chosen.options())
        assert result.values.shape[1:] == found.image.shape[2:]
        assert torch.isfinite(result.values).all(), chosen.name
    untouched(found.network, before)


def untouched(net: nn.Module, before: dict[str, torch.Tensor]) -> None:
    """Weights equal to the last bit, no hooks, no gradients, everything still learnable and in evaluation mode."""
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert not any(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks for module in net.modules()
    )
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())
    assert not any(module.training for module in net.modules())


def test_without_biases_the_pixels_have_all_of_the_score() -> None:
    torch.manual_seed(0)
    net = LeNet(bias=False).eval()
    for preset in RULES:
        found = lrp(subject(net, digit()), LrpOptions(preset=preset)).completeness  # type: ignore[arg-type]
        assert found is not None
        assert found.found == pytest.approx(found.expected, rel=1e-3), preset


TARGETS = [
    Target("class", 2), Target("difference", 2, 7), Target("unit", 5, layer="conv2"),
    Target("unit", 5, layer="conv2", position=(3, 4)), Target("unit", 11, layer="relu3"),
    Target("unit", 1, layer="conv1"),
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.kind}-{target.layer}-{target.position}")
def test_any_target_can_be_explained(target: Target) -> None:
    net = trained()
    found = subject(net, digit(), target)
    with torch.no_grad():
        first = net.conv1(found.image)
        second = net.conv2(F.max_pool2d(first.relu(), 2))
        third = net.fc1(F.max_pool2d(second.relu(), 2).flatten(1)).relu()
        scores = net.fc2(third)
        right = {
            "class": scores[0, 2], "difference": scores[0, 2] - scores[0, 7],
        }.get(target.kind, {"conv1": first[0, 1].mean(), "relu3": third[0, 11]}.get(str(target.layer)))  # fmt: skip
        if target.layer == "conv2":
            right = second[0, 5].mean() if target.position is None else second[0, 5, 3, 4]
    assert float(forward(found).value.detach()) == pytest.approx(float(right), abs=1e-5)
    result = lrp(found, LrpOptions())
    assert result.completeness is not None
    assert result.completeness.error <= 1e-3


def test_targets_that_are_not_there_are_refused_in_words() -> None:
    for target, words in (
        (Target("class", 10), "no class 10"),
        (Target("unit", 8, layer="conv1"), "conv1 has 8 units"),
        (Target("unit", 0, layer="conv9"), "no layer conv9"),
        (Target("unit", 0, layer="conv1", position=(30, 0)), "outside"),
    ):
        with pytest.raises(UserError, match=words):
            forward(subject(trained(), digit(), target))
    guided, early = methods["guided"], subject(trained(), digit(), Target("unit", 0, layer="conv1"))
    with pytest.raises(UserError, match="no ReLU"):
        guided.run(early, guided.options())


def test_layers_have_names_shapes_and_weights() -> None:
    sites = {site.name: site for site in list_sites(twin(TWINS[3]), digit())}
    assert list(sites) == ["conv1", "relu", "max_pool2d", "conv2", "clamp", "max_pool2d:2", "fc1", "relu:2", "fc2"]
    assert sites["conv2"].shape == (12, 8, 8)
    assert (sites["conv2"].units, sites["conv2"].grid, sites["conv2"].weight) == (12, (8, 8), "conv2.weight")
    shared = [site.name for site in list_sites(twin(TWINS[1]), digit())]
    assert shared[1] == "relu1"
    assert "relu1:3" in shared


def test_tokens_and_trailing_channels_have_their_features_as_units() -> None:
    sites = {site.name: site for site in list_sites(unsettled(vit()), torch.randn(1, 3, 32, 32))}
    block = sites["encoder.layers.encoder_layer_1.mlp.0"]
    assert (block.units, block.grid) == (96, (17,))
    assert sites["conv_proj"].grid == (4, 4)


def test_a_failure_or_a_deadline_leaves_nothing_behind() -> None:
    class Failing(LeNet):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            super().forward(x)
            raise ValueError("on purpose")

    class TooLate(Exception):
        pass

    def check() -> None:
        seen.append(1)
        if len(seen) > 5:
            raise TooLate

    seen: list[int] = []
    for kind, wrong in ((Failing, ValueError), (LeNet, TooLate)):
        net = twin(kind)
        before = {key: value.clone() for key, value in net.state_dict().items()}
        found = subject(net, digit())
        found.check = check if kind is LeNet else None
        with pytest.raises(wrong):
            lrp(found, LrpOptions())
        untouched(net, before)
        assert torch._C._len_torch_function_stack() == 0
        assert len(seen) in (0, 6)


def test_two_threads_on_one_network_do_not_meet() -> None:
    net, image = twin(TWINS[1]), digit()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    chosen = [item for item in ordered() if item.name in ("guided", "lrp", "gradient", "grad_cam", "deconvnet")]
    right = {item.name: item.run(subject(net, image), item.options()).values for item in chosen}
    wrong: list[str] = []

    def work(shift: int) -> None:
        for turn in range(40):
            item = chosen[(turn + shift) % len(chosen)]
            if not torch.equal(item.run(subject(net, image), item.options()).values, right[item.name]):
                wrong.append(item.name)

    threads = [threading.Thread(target=work, args=(shift,)) for shift in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    untouched(net, before)


def test_a_network_in_training_mode_is_explained_in_evaluation_mode_and_put_back() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.9), nn.Flatten(), nn.Linear(2704, 5)
    )
    net[1].eval()
    found = subject(net.train(), digit())
    net[1].eval()
    maps = [lrp(found, LrpOptions()).values for _ in range(2)]
    assert torch.equal(*maps)
    assert [module.training for module in net] == [True, False, True, True, True, True]


def test_deletion_of_what_is_relevant_hurts_in_the_known_order() -> None:
    from models.attribution.grading import aopc

    net = trained()
    with torch.no_grad():
        best = [(number, int(net(digit(number)).argmax())) for number in range(1600, 1700)]
    means = {}
    for name in ("lrp_epsilon", "deconvnet", "gradient", "random"):
        chosen = next((item for item in ordered() if item.name == name), None)
        total = 0.0
        for number, label in best:
            found = subject(net, digit(number), Target("class", label))
            relevance = torch.rand(28, 28, generator=torch.Generator().manual_seed(number))
            relevance = chosen.run(found, chosen.options()).flat if chosen else relevance
            total += aopc(found, relevance, patch=4, steps=20)
        means[name] = total / len(best)
    assert all(means[better] > means[worse] + 0.3 for better, worse in pairwise(means)), means
