"""AlexNet in one column: the network that won ImageNet 2012, in the layout its author gave for a single GPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = {
    "name": "alexnet",
    "title": "AlexNet",
    "year": 2012,
    "size": 224,
    "least": 63,
    "batch_size": 64,
    "learning_rate": 0.01,
    "pretrained": "AlexNet_Weights.IMAGENET1K_V1",
    "description": "Five convolutions and three wide linear layers. Large in memory, quick to compute.",
    "citation": "Krizhevsky: One weird trick for parallelizing convolutional neural networks. arXiv 1404.5997",
}


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, kernel_size=11, stride=4, padding=2)
        self.pool1 = nn.MaxPool2d(3, stride=2)
        self.conv2 = nn.Conv2d(64, 192, kernel_size=5, padding=2)
        self.pool2 = nn.MaxPool2d(3, stride=2)
        self.conv3 = nn.Conv2d(192, 384, kernel_size=3, padding=1)
        self.conv4 = nn.Conv2d(384, 256, kernel_size=3, padding=1)
        self.conv5 = nn.Conv2d(256, 256, kernel_size=3, padding=1)
        self.pool5 = nn.MaxPool2d(3, stride=2)
        self.resize = nn.AdaptiveAvgPool2d(6)  # any image size ends in 6x6
        self.drop6 = nn.Dropout(0.5)
        self.fc6 = nn.Linear(256 * 6 * 6, 4096)
        self.drop7 = nn.Dropout(0.5)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, classes)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool1(F.relu(self.conv1(x)))
        x = self.pool2(F.relu(self.conv2(x)))
        x = F.relu(self.conv3(x))
        x = F.relu(self.conv4(x))
        x = self.pool5(F.relu(self.conv5(x)))
        x = self.resize(x).flatten(1)
        x = F.relu(self.fc6(self.drop6(x)))
        x = F.relu(self.fc7(self.drop7(x)))
        return self.fc8(x)


def initialise(layer: nn.Module) -> None:
    """Weights that keep the size of the signal through ReLU layers (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
