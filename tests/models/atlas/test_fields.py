"""The drawn crop is exact: noise outside it changes nothing, noise in its outermost pixels does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.atlas.fields import Field, PlacedFields
from models.networks import networks
from models.source_loader import load_network


def field_of(network: nn.Module, image: torch.Tensor) -> tuple[Field | None, torch.Tensor]:
    with torch.no_grad(), PlacedFields() as fields:
        fields.begin(image)
        values = network(image)
        return fields.field(values), values


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.branch = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        return x + self.branch(x)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.small, self.large = nn.Conv2d(1, 3, 1), nn.Conv2d(1, 3, 5, padding=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat((self.small(x), self.large(x)), 1)


NETWORKS = {
    "conv": lambda: nn.Conv2d(1, 2, 5),
    "padding": lambda: nn.Conv2d(1, 2, 5, padding=2),
    "stride": lambda: nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Conv2d(2, 2, 3, stride=2, padding=1)),
    "dilation": lambda: nn.Sequential(nn.Conv2d(1, 2, 3, dilation=3, padding=3), nn.Conv2d(2, 2, 3)),
    "uneven": lambda: nn.Conv2d(1, 2, (3, 7), stride=(2, 1), padding=(0, 3)),
    "average": lambda: nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.AvgPool2d(3, 2, padding=1)),
    "zeropad": lambda: nn.Sequential(nn.ZeroPad2d((1, 2, 2, 0)), nn.Conv2d(1, 2, 3)),
    "residual": Residual,
    "lenet-like": lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5), nn.MaxPool2d(2)),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("where", ["corner", "middle", "end"])
def test_noise_outside_the_crop_changes_nothing_and_a_tighter_crop_does(name: str, where: str) -> None:
    torch.manual_seed(0)
    network, image = NETWORKS[name]().eval(), torch.randn(1, 1, 36, 40)
    for parameter in network.parameters():  # every pixel of the field has some weight
        parameter.data = parameter.data.abs() + 0.05
    field, values = field_of(network, image)
    assert field is not None
    grid = values.shape[2:]
    place = {"corner": (0, 0), "middle": tuple(side // 2 for side in grid), "end": tuple(side - 1 for side in grid)}[
        where
    ]
    (top, bottom), (left, right) = field.crop(place)

    def after_noise(rows: slice, columns: slice) -> float:
        noisy = torch.randn(1, 1, 36, 40, generator=torch.Generator().manual_seed(1)) * 5
        noisy[..., rows, columns] = image[..., rows, columns]
        with torch.no_grad():
            return (network(noisy)[0, :, place[0], place[1]] - values[0, :, place[0], place[1]]).abs().max().item()

    assert after_noise(slice(top, bottom), slice(left, right)) <= 1e-5
    tighter = [(slice(top + 1, bottom), slice(left, right)), (slice(top, bottom - 1), slice(left, right)),
               (slice(top, bottom), slice(left + 1, right)), (slice(top, bottom), slice(left, right - 1))]  # fmt: skip
    if "lenet" in name:  # a maximum need not depend on each pixel of its field
        return
    for rows, columns in tighter:
        assert after_noise(rows, columns) > 1e-5, (rows, columns)


def test_the_field_of_lenets_second_convolution_is_fourteen_pixels() -> None:
    """5x5, pooled by 2, 5x5 again: (5 + 1) + 2 * 4 = 14 (interpretability.md, test C2)."""
    network = nn.Sequential(nn.Conv2d(1, 4, 5), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5))
    field, _ = field_of(network, torch.randn(1, 1, 28, 28))
    assert field == Field((0.0, 0.0), (14.0, 14.0), (2.0, 2.0), ((0.0, 28.0), (0.0, 28.0)))


def test_branches_of_different_reach_are_united() -> None:
    field, _ = field_of(Inception(), torch.randn(1, 1, 16, 16))
    assert field == Field((-2.0, -2.0), (5.0, 5.0), (1.0, 1.0), ((0.0, 16.0), (0.0, 16.0)))


def test_fully_connected_layers_see_the_whole_image() -> None:
    assert field_of(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), torch.randn(1, 1, 8, 8))[0] is None


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_real_networks_keep_the_promise(name: str) -> None:
    torch.manual_seed(0)
    network = load_network(networks[name].source, channels=3, classes=4, height=96, width=96).eval()
    image, found = torch.randn(1, 3, 96, 96), {}
    path, module = [(path, one) for path, one in network.named_modules() if isinstance(one, nn.Conv2d)][4]
    fields = PlacedFields()
    hook = module.register_forward_hook(lambda _m, _a, values: found.update(field=fields.field(values), values=values))
    with torch.no_grad(), fields:
        fields.begin(image)
        network(image)
    field, values = found["field"], found["values"]
    place = (values.shape[2] // 2, values.shape[3] // 2)
    (top, bottom), (left, right) = field.crop(place)
    assert bottom - top < 96
    noisy = torch.randn(1, 3, 96, 96) * 5
    noisy[..., top:bottom, left:right] = image[..., top:bottom, left:right]
    with torch.no_grad():
        network(noisy)
    hook.remove()
    after = found["values"]
    assert (after[0, :, place[0], place[1]] - values[0, :, place[0], place[1]]).abs().max() <= 1e-5, path
