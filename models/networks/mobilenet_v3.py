"""MobileNetV3-small: inverted residuals with squeeze-and-excitation, searched for speed on a phone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = {
    "name": "mobilenet_v3_small",
    "title": "MobileNetV3-small",
    "year": 2019,
    "size": 224,
    "least": 1,
    "batch_size": 64,
    "learning_rate": 0.05,
    "pretrained": "MobileNet_V3_Small_Weights.IMAGENET1K_V1",
    "description": "The cheapest network for photographs here: 2.5 million weights, good for a machine without a GPU.",
    "citation": "Howard et al.: Searching for MobileNetV3. arXiv 1905.02244",
}


def divisible(channels: float) -> int:
    """The nearest multiple of 8, never more than 10 % below ``channels``."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


class Convolution(nn.Module):
    """Convolution, batch normalization and an activation: "relu", "hardswish" or "none"."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1, activation: str = "none"
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=0.001)
        self.activation = {"relu": nn.ReLU(), "hardswish": nn.Hardswish(), "none": nn.Identity()}[activation]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.norm(self.conv(x)))


class SqueezeExcitation(nn.Module):
    """Weighs each channel by what the whole image has of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = divisible(channels / 4)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.squeeze = nn.Conv2d(channels, squeezed, kernel_size=1)
        self.excite = nn.Conv2d(squeezed, channels, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = F.relu(self.squeeze(self.average(x)))
        weight = F.hardsigmoid(self.excite(weight))
        return x * weight


class InvertedResidual(nn.Module):
    """1x1 to more channels, one filter per channel, squeeze-and-excitation, 1x1 to few channels; added to its input."""

    def __init__(
        self, inputs: int, expanded: int, outputs: int, kernel: int, stride: int, *, excite: bool, activation: str
    ) -> None:
        super().__init__()
        self.adds = stride == 1 and inputs == outputs
        self.expand = Convolution(inputs, expanded, 1, activation=activation) if expanded != inputs else nn.Identity()
        self.depthwise = Convolution(expanded, expanded, kernel, stride, groups=expanded, activation=activation)
        self.excitation = SqueezeExcitation(expanded) if excite else nn.Identity()
        self.project = Convolution(expanded, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.depthwise(self.expand(x))
        y = self.project(self.excitation(y))
        return x + y if self.adds else y


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.stem = Convolution(channels, 16, 3, stride=2, activation="hardswish")
        self.block1 = InvertedResidual(16, 16, 16, 3, 2, excite=True, activation="relu")
        self.block2 = InvertedResidual(16, 72, 24, 3, 2, excite=False, activation="relu")
        self.block3 = InvertedResidual(24, 88, 24, 3, 1, excite=False, activation="relu")
        self.block4 = InvertedResidual(24, 96, 40, 5, 2, excite=True, activation="hardswish")
        self.block5 = InvertedResidual(40, 240, 40, 5, 1, excite=True, activation="hardswish")
        self.block6 = InvertedResidual(40, 240, 40, 5, 1, excite=True, activation="hardswish")
        self.block7 = InvertedResidual(40, 120, 48, 5, 1, excite=True, activation="hardswish")
        self.block8 = InvertedResidual(48, 144, 48, 5, 1, excite=True, activation="hardswish")
        self.block9 = InvertedResidual(48, 288, 96, 5, 2, excite=True, activation="hardswish")
        self.block10 = InvertedResidual(96, 576, 96, 5, 1, excite=True, activation="hardswish")
        self.block11 = InvertedResidual(96, 576, 96, 5, 1, excite=True, activation="hardswish")
        self.head = Convolution(96, 576, 1, activation="hardswish")
        self.average = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Linear(576, 1024)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(1024, classes)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = self.block1(x)
        x = self.block2(x)
        x = self.block3(x)
        x = self.block4(x)
        x = self.block5(x)
        x = self.block6(x)
        x = self.block7(x)
        x = self.block8(x)
        x = self.block9(x)
        x = self.block10(x)
        x = self.block11(x)
        x = self.average(self.head(x)).flatten(1)
        x = F.hardswish(self.fc1(x))
        return self.fc2(self.drop(x))


def initialise(layer: nn.Module) -> None:
    """Weights that keep the size of the gradient (He et al. 2015); small ones for the linear layers."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
