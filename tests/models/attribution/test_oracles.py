"""The engine against captum and zennit, where those are right; tolerances of the table in docs/inspection.md."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.attribution.method import methods
from models.attribution.methods.integrated_gradients import IntegratedOptions
from models.attribution.methods.lrp import LrpOptions
from models.attribution.methods.occlusion import OcclusionOptions
from models.attribution.methods.smoothgrad import SmoothGradOptions
from models.attribution.passes import input_gradient
from models.attribution.targets import Target
from tests.models.attribution.nets import TWINS, LeNet, digit, subject, trained, twin

captum = pytest.importorskip(
    "captum.attr", reason="captum is an oracle of tests only: pip install -r requirements-dev.txt"
)
HIDDEN = {"conv1": (3, 5, 7), "relu2": (4, 2, 2), "fc1": (11,), "relu3": (7,)}


def relative(found: torch.Tensor, right: torch.Tensor) -> float:
    """The largest difference as a share of the largest value."""
    return float((found - right).abs().max() / right.abs().max().clamp(min=1e-12))


@pytest.mark.parametrize(("name", "oracle"), [("guided", "GuidedBackprop"), ("deconvnet", "Deconvolution")])
def test_rectifiers_equal_captum_for_classes_and_hidden_units(name: str, oracle: str) -> None:
    net, image = trained(), digit()
    right = getattr(captum, oracle)(net).attribute(image.clone().requires_grad_(), target=3)
    found = methods[name].run(subject(net, image), methods[name].options())
    assert relative(found.values, right[0]) <= 1e-6
    for layer, place in HIDDEN.items():
        of_unit = getattr(captum, f"Neuron{oracle}")(net, getattr(net, layer))
        right = of_unit.attribute(image.clone().requires_grad_(), neuron_selector=place)
        target = Target("unit", place[0], layer=layer, position=place[1:] or None)
        if layer == "conv1":
            continue  # no ReLU lies before it: the method says so instead, see test_attribution
        found = methods[name].run(subject(net, image, target), methods[name].options())
        assert relative(found.values, right[0]) <= 1e-6, layer


@pytest.mark.parametrize("kind", TWINS)
def test_all_ways_to_write_a_relu_give_the_same(kind: type[LeNet]) -> None:
    image = digit()
    for name in ("gradient", "guided", "deconvnet", "lrp", "lrp_epsilon", "grad_cam"):
        chosen = methods[name]
        right = chosen.run(subject(trained(), image), chosen.options())
        found = chosen.run(subject(twin(kind), image), chosen.options())
        assert relative(found.values, right.values) <= 1e-6, name


PRESETS = {
    "epsilon": "EpsilonPlus",
    "epsilon_plus": "EpsilonPlus",
    "epsilon_gamma": "EpsilonGammaBox",
    "epsilon_gamma_box": "EpsilonGammaBox",
}


@pytest.mark.parametrize("preset", PRESETS)
def test_relevance_equals_zennit(preset: str) -> None:
    pytest.importorskip("zennit", reason="zennit is an oracle of tests only: pip install -r requirements-dev.txt")
    from zennit.attribution import Gradient
    from zennit.composites import SpecialFirstLayerMapComposite
    from zennit.rules import Epsilon, Gamma, Pass, ZBox, ZPlus
    from zennit.types import Activation, Convolution, Linear

    convolution = {"epsilon": Epsilon(1e-6), "epsilon_plus": ZPlus()}.get(preset, Gamma(0.25))
    first = [(Convolution, ZBox(0.0, 1.0))] if preset.endswith("box") else []
    layers = [(Activation, Pass()), (Convolution, convolution), (Linear, Epsilon(1e-6))]
    net, image = trained(), digit()
    composite = SpecialFirstLayerMapComposite(layer_map=layers, first_map=first)
    with Gradient(model=net, composite=composite) as attributor:
        score = net(image)[0, 3].item()
        start = torch.zeros(1, 10)
        start[0, 3] = score
        _, right = attributor(image.clone(), start)
    found = methods["lrp"].run(subject(trained(), image), LrpOptions(preset=preset))  # type: ignore[arg-type]
    assert relative(found.values, right[0]) <= 1e-4


def test_relevance_without_epsilon_is_input_times_gradient() -> None:
    image = digit()
    right = methods["input_gradient"].run(subject(trained(), image), methods["input_gradient"].options())
    found = methods["lrp_epsilon"].run(subject(trained(), image), LrpOptions(epsilon=1e-12))
    assert float((found.values - right.values).abs().max()) <= 1e-5


@pytest.mark.parametrize("layer", ["conv2", "relu1", "relu2"])
def test_grad_cam_equals_captum(layer: str) -> None:
    net, image = trained(), digit()
    found = methods["grad_cam"].run(subject(net, image), methods["grad_cam"].options(layer=layer))
    raw = captum.LayerGradCam(net, getattr(net, layer)).attribute(image, target=3, relu_attributions=True)
    right = nn.functional.interpolate(raw, (28, 28), mode="bilinear")
    assert relative(found.values, right[0].detach()) <= 1e-6


def test_occlusion_equals_captum() -> None:
    net, image = trained(), digit()
    found = methods["occlusion"].run(subject(net, image), OcclusionOptions(patch=4, stride=2, fill="black"))
    right = captum.Occlusion(net).attribute(image, sliding_window_shapes=(1, 4, 4), strides=(1, 2, 2), target=3)
    assert float((found.values - right[0]).abs().max()) <= 1e-5


def test_integrated_gradients_add_up() -> None:
    net = trained()
    for number in range(1600, 1610):
        found = methods["integrated_gradients"].run(subject(net, digit(number)), IntegratedOptions(baseline="black"))
        assert found.completeness is not None
        assert found.completeness.error <= 0.01


def test_smoothgrad_without_noise_is_the_gradient_and_seeds_repeat() -> None:
    case = subject(trained(), digit())
    run = methods["smoothgrad"].run
    plain = run(case, SmoothGradOptions(noise=0, samples=1))
    assert torch.equal(plain.values, input_gradient(case)[1][0])
    noisy, again, other = (run(case, SmoothGradOptions(samples=9, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(noisy.values, again.values)
    assert not torch.equal(noisy.values, other.values)
