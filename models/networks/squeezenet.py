"""SqueezeNet: AlexNet's accuracy with a fiftieth of its weights, out of blocks that squeeze before they expand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = {
    "name": "squeezenet",
    "title": "SqueezeNet 1.0",
    "year": 2016,
    "size": 227,
    "least": 21,
    "batch_size": 64,
    "learning_rate": 0.01,
    "pretrained": "SqueezeNet1_0_Weights.IMAGENET1K_V1",
    "description": "1.2 million weights, and pretrained ones load under torchvision's names: a good start for "
    "fine-tuning on a CPU.",
    "citation": "Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters. arXiv 1602.07360",
}


class Fire(nn.Module):
    """A 1x1 convolution to few channels, then 1x1 and 3x3 convolutions side by side, joined along the channels."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, kernel_size=1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, kernel_size=1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, kernel_size=3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], dim=1)


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 96, kernel_size=7, stride=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            Fire(96, 16, 64),
            Fire(128, 16, 64),
            Fire(128, 32, 128),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            Fire(256, 32, 128),
            Fire(256, 48, 192),
            Fire(384, 48, 192),
            Fire(384, 64, 256),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            Fire(512, 64, 256),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Conv2d(512, classes, kernel_size=1),  # a score for each class at each place, then their average
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
        )
        self.apply(initialise)
        nn.init.normal_(self.classifier[1].weight, std=0.01)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x)).flatten(1)


def initialise(layer: nn.Module) -> None:
    """Weights that keep the size of the gradient through ReLU layers (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
