"""LeNet as Caffe and DIGITS have it: two convolutions, each with a pool, and two linear layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = {
    "name": "lenet",
    "title": "LeNet",
    "year": 1998,
    "size": 28,
    "least": 16,
    "batch_size": 64,
    "learning_rate": 0.01,
    "description": "Small and quick; made for handwritten digits of 28x28 pixels. 431,080 weights there.",
    "citation": "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition. 1998",
}


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int, height: int = 28, width: int = 28) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 20, kernel_size=5)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(20, 50, kernel_size=5)
        self.pool2 = nn.MaxPool2d(2)
        # A 5x5 convolution takes 4 pixels off each side length, a pool halves it.
        rows, columns = (((side - 4) // 2 - 4) // 2 for side in (height, width))
        self.fc1 = nn.Linear(50 * rows * columns, 500)
        self.fc2 = nn.Linear(500, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool1(self.conv1(x))
        x = self.pool2(self.conv2(x))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)
