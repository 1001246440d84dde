"""ResNet-9: a short residual network for small images that learns in minutes, in a wide and a slim form."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

WIDTH = 64
"""Channels of the first convolution; the last one has eight times as many."""

INFO = [
    {
        "name": "resnet9",
        "title": "ResNet-9",
        "year": 2018,
        "size": 32,
        "least": 8,
        "batch_size": 256,
        "learning_rate": 0.1,
        "description": "Eight convolutions for images of 32x32 pixels; made to be trained in a few passes on a GPU. "
        "6.6 million weights.",
        "citation": "Page: How to train your ResNet. Myrtle, 2018 (DAWNBench, CIFAR-10)",
    },
    {
        "name": "resnet9_slim",
        "title": "ResNet-9, slim",
        "year": 2018,
        "size": 32,
        "least": 8,
        "batch_size": 256,
        "learning_rate": 0.1,
        "set": {"WIDTH": 24},
        "description": "The same with 24 channels at first: learns CIFAR-10 or MNIST well within minutes on a CPU. "
        "0.9 million weights.",
        "citation": "Page: How to train your ResNet. Myrtle, 2018 (DAWNBench, CIFAR-10)",
    },
]


class Unit(nn.Module):
    """A 3x3 convolution, batch normalization, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.norm(self.conv(x)))


class Residual(nn.Module):
    """Two units with a connection around them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = Unit(width, width)
        self.second = Unit(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(self.first(x))


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.stem = Unit(channels, WIDTH)
        self.unit1 = Unit(WIDTH, 2 * WIDTH)
        self.pool1 = nn.MaxPool2d(2)
        self.residual1 = Residual(2 * WIDTH)
        self.unit2 = Unit(2 * WIDTH, 4 * WIDTH)
        self.pool2 = nn.MaxPool2d(2)
        self.unit3 = Unit(4 * WIDTH, 8 * WIDTH)
        self.pool3 = nn.MaxPool2d(2)
        self.residual3 = Residual(8 * WIDTH)
        self.pool4 = nn.AdaptiveMaxPool2d(1)
        self.classifier = nn.Linear(8 * WIDTH, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.residual1(self.pool1(self.unit1(self.stem(x))))
        x = self.pool3(self.unit3(self.pool2(self.unit2(x))))
        x = self.pool4(self.residual3(x)).flatten(1)
        return self.classifier(x) / 8  # scores of moderate size, for the high rates that such short trainings take
