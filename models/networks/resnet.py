"""ResNet: every block adds what it learns to what it was given, so that hundreds of layers still train."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

INFO = [
    {
        "name": "resnet18",
        "title": "ResNet-18",
        "year": 2015,
        "size": 224,
        "least": 1,
        "batch_size": 64,
        "learning_rate": 0.02,
        "pretrained": "ResNet18_Weights.IMAGENET1K_V1",
        "description": "A good first choice for photographs: accurate for its cost. 11.7 million weights.",
        "citation": "He, Zhang, Ren, Sun: Deep residual learning for image recognition. arXiv 1512.03385",
        "set": {"DEPTH": 18},
    },
    {
        "name": "resnet50",
        "title": "ResNet-50",
        "year": 2015,
        "size": 224,
        "least": 1,
        "batch_size": 32,
        "learning_rate": 0.02,
        "pretrained": "ResNet50_Weights.IMAGENET1K_V2",
        "description": "The yardstick of the field: bottleneck blocks, 25.6 million weights. Wants a GPU.",
        "citation": "He, Zhang, Ren, Sun: Deep residual learning for image recognition. arXiv 1512.03385",
        "set": {"DEPTH": 50},
    },
]

DEPTH = 18  # 18 and 34 are made of basic blocks; 50, 101 and 152 of bottlenecks
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}[DEPTH]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside the identity; the first one may halve the image."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, kernel_size=3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = shortcut(inputs, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class Bottleneck(nn.Module):
    """1x1 to fewer channels, 3x3, 1x1 back to four times as many, beside the identity."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, kernel_size=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, kernel_size=1, bias=False)
        self.norm3 = nn.BatchNorm2d(4 * width)
        self.shortcut = shortcut(inputs, 4 * width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        y = F.relu(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        return F.relu(y + self.shortcut(x))


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The identity, or a 1x1 convolution where the shape changes."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(outputs))


class Net(nn.Module):
    """Maps images [n, channels, height, width] to class scores [n, classes]."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        block = BasicBlock if DEPTH < 50 else Bottleneck
        self.conv1 = nn.Conv2d(channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.norm1 = nn.BatchNorm2d(64)
        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage1 = stage(block, 64, 64, BLOCKS[0], stride=1)
        self.stage2 = stage(block, 64 * block.expansion, 128, BLOCKS[1], stride=2)
        self.stage3 = stage(block, 128 * block.expansion, 256, BLOCKS[2], stride=2)
        self.stage4 = stage(block, 256 * block.expansion, 512, BLOCKS[3], stride=2)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * block.expansion, classes)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool1(F.relu(self.norm1(self.conv1(x))))
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.stage3(x)
        x = self.stage4(x)
        return self.fc(self.average(x).flatten(1))


def stage(block: type[BasicBlock | Bottleneck], inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    """A row of equal blocks; only the first one changes the number of channels and the image size."""
    rest = [block(width * block.expansion, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(block(inputs, width, stride), *rest)


def initialise(layer: nn.Module) -> None:
    """Weights that keep the size of the gradient through ReLU layers (He et al. 2015)."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
