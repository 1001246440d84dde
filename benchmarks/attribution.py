"""What explanations cost, in forward passes of the same network on the same image, measured in turn.

LeNet (28x28) and ResNet-18 (224x224), both untrained: cost does not depend on the weights. The peer is a plain
forward pass without gradients.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torchvision.models import resnet18

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from models.attribution.method import methods
from models.attribution.methods.integrated_gradients import mean_gradient
from models.attribution.methods.lrp import LrpOptions, fusions
from models.attribution.methods.occlusion import OcclusionOptions, starts
from models.attribution.passes import Subject
from models.attribution.targets import Target
from models.networks.lenet import Net as LeNet
from models.units.ascent import Ascent, Scene, VisualizationOptions

FAST = (
    "gradient",
    "input_gradient",
    "guided",
    "deconvnet",
    "lrp_epsilon",
    "lrp",
    "grad_cam",
    "grad_cam_plus",
    "layer_cam",
)
CLAIMS = {"gradient": 3.0, "guided": 4.0, "deconvnet": 4.0, "grad_cam": 2.5, "lrp_epsilon": 4.0, "lrp": 6.0}
"""At most so many forward passes."""


class WithReLU(LeNet):
    """LeNet with a ReLU after each convolution, so that guided backpropagation has something to do."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool1(self.conv1(x).relu())
        x = self.pool2(self.conv2(x).relu())
        return self.fc2(self.fc1(x.flatten(1)).relu())


def subject(net: nn.Module, shape: tuple[int, int, int]) -> Subject:
    """A random image of a network in evaluation mode."""
    image = torch.randn(1, *shape)
    low, high = torch.full_like(image, -3), torch.full_like(image, 3)
    found = Subject(net.eval(), image, Target("class", 1), low, high, torch.zeros_like(image))
    fusions(found)
    methods["grad_cam"].run(found, methods["grad_cam"].options())  # lists the layers, once for a network
    return found


def timed(work: Callable[[], Any], repeat: int = 1) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - started) / repeat


def measure(found: Subject, rounds: int, slow: bool) -> dict[str, list[float]]:
    """Seconds of each method and of a forward pass, in turn."""

    def forward() -> None:
        with torch.no_grad():
            found.network(found.image)

    def run(name: str) -> Callable[[], float]:
        options = LrpOptions(preset="epsilon_plus") if name == "lrp" else methods[name].options()
        return lambda: timed(lambda: methods[name].run(found, options), 1 if slow else 5)

    variants: dict[str, Callable[[], float]] = {"forward": lambda: timed(forward, 3 if slow else 20)}
    variants |= {name: run(name) for name in FAST}
    variants["integrated_gradients, 50 steps"] = lambda: timed(lambda: mean_gradient(found, found.blank, 50))
    patch = found.image.shape[2] // 7
    options = OcclusionOptions(patch=patch, stride=patch)
    variants["occlusion"] = lambda: timed(lambda: methods["occlusion"].run(found, options))
    return interleave(variants, rounds)


def batching(rounds: int, units: int) -> dict[str, list[float]]:
    """Seconds for synthetic images of 20 steps: ``units`` of LeNet's second layer at once, and 8 of them one by one."""
    low, high = torch.zeros(1, 1, 28, 28), torch.ones(1, 1, 28, 28)
    scene = Scene(LeNet(1, 10).eval(), "conv2", low, high)

    def made(some: tuple[int, ...]) -> None:
        Ascent(scene, some, VisualizationOptions()).advance(20)

    every = tuple(range(units))
    return interleave(
        {
            "at once": lambda: timed(lambda: made(every)) / units,
            "one by one": lambda: timed(lambda: [made((unit,)) for unit in every[:8]]) / 8,
        },
        rounds,
    )


def main() -> None:
    """Ratios to a forward pass on both networks, and synthetic images at once against one by one."""
    quick = arguments(__doc__ or "").quick
    rounds = 3 if quick else 9
    torch.manual_seed(0)
    claims = []
    for name, net, shape in (("LeNet", WithReLU(1, 10), (1, 28, 28)), ("ResNet-18", resnet18(), (3, 224, 224))):
        found = subject(net, shape)
        results = measure(found, rounds, slow=name != "LeNet")
        print(name)
        table({key: [1000 * value for value in values] for key, values in results.items()}, "ms")
        ratios = {key: ratio(results, key, "forward") for key in results}
        for key, value in ratios.items():
            print(f"  {key:32}{value:8.2f} forward passes")
        claims += [Claim(f"{name}: {key}, forward passes", ratios[key], most=most) for key, most in CLAIMS.items()]
        claims.append(
            Claim(f"{name}: all fast methods", sum(ratios[key] for key in FAST), most=25 if name == "LeNet" else 20)
        )
        claims.append(Claim(f"{name}: integrated gradients", ratios["integrated_gradients, 50 steps"], most=120))
        windows = len(starts(shape[1], shape[1] // 7, shape[1] // 7)) ** 2
        claims.append(Claim(f"{name}: occlusion, per window", ratios["occlusion"] / windows, most=1.25))
    results = batching(rounds, 16 if quick else 50)
    table({key: [1000 * value for value in values] for key, values in results.items()}, "ms a unit")
    claims.append(
        Claim("LeNet: synthetic images at once over one by one", ratio(results, "one by one", "at once"), least=3.5)
    )
    verdict(*claims)


if __name__ == "__main__":
    main()
