"""Small networks for tests of attribution: one LeNet written in five ways, and one trained on scikit-learn's digits."""

from __future__ import annotations

import copy
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from models.attribution.passes import Subject
from models.attribution.targets import Target


class LeNet(nn.Module):
    """With a ReLU after each convolution, as modules; the base of the twins, which have the same weights."""

    def __init__(self, bias: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, bias=bias)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 12, 5, bias=bias)
        self.relu2 = nn.ReLU()
        self.fc1 = nn.Linear(12 * 16, 40, bias=bias)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(40, 10, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(self.relu1(self.conv1(x)), 2)
        x = F.max_pool2d(self.relu2(self.conv2(x)), 2)
        return self.fc2(self.relu3(self.fc1(x.flatten(1))))


class InPlace(LeNet):
    """ReLUs that overwrite what they are given."""

    def __init__(self, bias: bool = True) -> None:
        super().__init__(bias)
        self.relu1 = self.relu2 = self.relu3 = nn.ReLU(inplace=True)  # and shared by three layers


class Shared(LeNet):
    """One ReLU for all layers."""

    def __init__(self, bias: bool = True) -> None:
        super().__init__(bias)
        self.relu1 = self.relu2 = self.relu3 = nn.ReLU()


class Functional(LeNet):
    """No ReLU modules at all."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(self.conv2(x).clamp(min=0), 2)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


class Overwriting(LeNet):
    """The results of in-place calls are not taken: the tensor itself is used on; one of them is a view."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv1(x)
        F.relu(x, inplace=True)
        x = self.conv2(F.max_pool2d(x, 2))
        x.view(len(x), -1).relu_()
        x = self.fc1(F.max_pool2d(x, 2).flatten(1))
        x.clamp_(min=0)
        return self.fc2(x)


TWINS = (LeNet, InPlace, Shared, Functional, Overwriting)


@cache
def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """scikit-learn's digits as float32 [1797, 1, 28, 28], 0..1, and their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] / 16
    return F.interpolate(images, size=(28, 28), mode="bilinear"), torch.from_numpy(found.target)


@cache
def _trained() -> LeNet:
    torch.manual_seed(0)
    net, (images, labels) = LeNet(), digits()
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(4):
        for some in torch.randperm(1500).split(50):
            optimizer.zero_grad()
            F.cross_entropy(net(images[some]), labels[some]).backward()
            optimizer.step()
    net.zero_grad()
    return net.eval()


def trained() -> LeNet:
    """A LeNet that knows digits."""
    return copy.deepcopy(_trained())


def twin(kind: type[LeNet]) -> LeNet:
    """The trained network written in another way."""
    net = kind()
    net.load_state_dict(trained().state_dict())
    return net.eval()


def digit(number: int = 1600) -> torch.Tensor:
    """One image [1, 1, 28, 28] that no network here was trained on."""
    return digits()[0][number : number + 1].clone()


def subject(net: nn.Module, image: torch.Tensor, target: Target | None = None) -> Subject:
    """An image between 0 and 1 to explain."""
    low, high = torch.zeros_like(image), torch.ones_like(image)
    return Subject(net, image, target or Target("class", 3), low, high, low)
