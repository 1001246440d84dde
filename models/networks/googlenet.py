"""GoogLeNet (Inception v1): nine blocks that look at four scales side by side."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = {
    "name": "googlenet",
    "title": "GoogLeNet",
    "year": 2014,
    "size": 224,
    "least": 15,
    "batch_size": 32,
    "learning_rate": 0.01,
    "description": "22 layers deep with only 7 million weights. Batch normalization stands in for the two auxiliary "
    "classifiers of the paper.",
    "citation": "Szegedy et al.: Going deeper with convolutions. arXiv 1409.4842",
}


class Convolution(nn.Module):
    """Convolution, batch normalization, ReLU; keeps the image size at stride 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.norm(self.conv(x)))


class Inception(nn.Module):
    """Four branches joined along the channels: 1x1; 1x1 then 3x3; 1x1 then 5x5; pool then 1x1."""

    def __init__(self, inputs: int, one: int, three: tuple[int, int], five: tuple[int, int], pool: int) -> None:
        super().__init__()
        self.one = Convolution(inputs, one, 1)
        self.three_reduce = Convolution(inputs, three[0], 1)
        self.three = Convolution(three[0], three[1], 3)
        self.five_reduce = Convolution(inputs, five[0], 1)
        self.five = Convolution(five[0], five[1], 5)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.pool_project = Convolution(inputs, pool, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.one(x)
        three = self.three(self.three_reduce(x))
        five = self.five(self.five_reduce(x))
        pool = self.pool_project(self.pool(x))
        return torch.cat([one, three, five, pool], dim=1)


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = Convolution(channels, 64, 7, stride=2)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2_reduce = Convolution(64, 64, 1)
        self.conv2 = Convolution(64, 192, 3)
        self.pool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, 64, (96, 128), (16, 32), 32)
        self.inception3b = Inception(256, 128, (128, 192), (32, 96), 64)
        self.pool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, 192, (96, 208), (16, 48), 64)
        self.inception4b = Inception(512, 160, (112, 224), (24, 64), 64)
        self.inception4c = Inception(512, 128, (128, 256), (24, 64), 64)
        self.inception4d = Inception(512, 112, (144, 288), (32, 64), 64)
        self.inception4e = Inception(528, 256, (160, 320), (32, 128), 128)
        self.pool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, 256, (160, 320), (32, 128), 128)
        self.inception5b = Inception(832, 384, (192, 384), (48, 128), 128)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool1(self.conv1(x))
        x = self.pool2(self.conv2(self.conv2_reduce(x)))
        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.pool3(x)
        x = self.inception4a(x)
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        x = self.inception4e(x)
        x = self.pool4(x)
        x = self.inception5a(x)
        x = self.inception5b(x)
        x = self.average(x).flatten(1)
        return self.fc(self.drop(x))
