"""VGG: stacks of 3x3 convolutions between pools, then three wide linear layers; with batch normalization."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = {
    "name": "vgg16",
    "title": "VGG-16",
    "year": 2014,
    "size": 224,
    "least": 32,
    "batch_size": 32,
    "learning_rate": 0.01,
    "pretrained": "VGG16_BN_Weights.IMAGENET1K_V1",
    "description": "Simple and heavy: 138 million weights at 1,000 classes. With batch normalization, without which it "
    "hardly learns from scratch.",
    "citation": "Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition. "
    "arXiv 1409.1556",
}

DEPTH = 16  # 11, 13, 16 or 19
CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}[DEPTH]


def stage(inputs: int, outputs: int, convolutions: int) -> nn.Sequential:
    """Some 3x3 convolutions, each with batch normalization and ReLU, and a pool that halves the image."""
    layers: list[nn.Module] = []
    for index in range(convolutions):
        layers.append(nn.Conv2d(inputs if index == 0 else outputs, outputs, kernel_size=3, padding=1))
        layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers, nn.MaxPool2d(2))


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.stage1 = stage(channels, 64, CONVOLUTIONS[0])
        self.stage2 = stage(64, 128, CONVOLUTIONS[1])
        self.stage3 = stage(128, 256, CONVOLUTIONS[2])
        self.stage4 = stage(256, 512, CONVOLUTIONS[3])
        self.stage5 = stage(512, 512, CONVOLUTIONS[4])
        self.resize = nn.AdaptiveAvgPool2d(7)  # any image size ends in 7x7
        self.fc6 = nn.Linear(512 * 7 * 7, 4096)
        self.drop6 = nn.Dropout(0.5)
        self.fc7 = nn.Linear(4096, 4096)
        self.drop7 = nn.Dropout(0.5)
        self.fc8 = nn.Linear(4096, classes)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.stage3(x)
        x = self.stage4(x)
        x = self.stage5(x)
        x = self.resize(x).flatten(1)
        x = self.drop6(F.relu(self.fc6(x)))
        x = self.drop7(F.relu(self.fc7(x)))
        return self.fc8(x)


def initialise(layer: nn.Module) -> None:
    """Weights that keep the size of the signal through ReLU layers (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(layer.bias)
