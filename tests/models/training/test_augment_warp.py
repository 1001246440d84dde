"""Geometry: crops, turns and scales against slicing, NumPy and torchvision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.v2 import functional as vision

from models.training import augment_warp as geometry
from models.training.augment_warp import Frame, chained, crops, resized_crops, scales, turned, unchanged, warp


def smooth(height: int = 40, width: int = 52, count: int = 3, channels: int = 3) -> torch.Tensor:
    torch.manual_seed(0)
    small = torch.rand(count, channels, 6, 7) * 255
    return F.interpolate(small, size=(height, width), mode="bicubic").clamp(0, 255)


def test_the_unchanged_map_changes_nothing() -> None:
    images = smooth()
    assert torch.allclose(warp(images, unchanged(3), (40, 52)), images, atol=0.02)


def test_crops_are_slices_and_reach_every_place() -> None:
    images, chance = smooth(9, 8, 400), np.random.default_rng(0)
    maps = crops(chance, 400, Frame((9, 8), (6, 5)))
    found = warp(images, maps, (6, 5))
    places = set()
    for image, part, at in zip(images, found, maps, strict=True):
        left, top = int(at[0, 2] + 4 - 2.5), int(at[1, 2] + 4.5 - 3)
        places.add((left, top))
        assert torch.allclose(part, image[:, top : top + 6, left : left + 5], atol=0.02)
    assert places == {(left, top) for left in range(4) for top in range(4)}


@pytest.mark.parametrize("angle", [90.0, 180.0, -90.0])
def test_right_angles_are_numpys(angle: float) -> None:
    images = smooth(32, 32)
    found = warp(images, turned(np.full(3, angle), np.ones(3)), (32, 32))
    assert torch.allclose(found, torch.rot90(images, int(angle // 90), (2, 3)), atol=0.1)


def test_rotation_and_scaling_are_torchvisions() -> None:
    images = smooth(64, 64)
    found = warp(images, turned(np.full(3, 25.0), np.full(3, 1.3)), (64, 64))
    theirs = vision.affine(
        images, angle=-25.0, translate=[0, 0], scale=1.3, shear=[0.0, 0.0],
        interpolation=vision.InterpolationMode.BILINEAR,
    )  # fmt: skip
    inside = slice(12, 52)
    assert (found - theirs)[:, :, inside, inside].abs().max() < 1.5


def test_beyond_the_border_the_image_is_mirrored() -> None:
    images = smooth(20, 20)
    found = warp(images, turned(np.zeros(3), np.full(3, 0.5)), (20, 20))
    inner = F.avg_pool2d(images, 2)
    assert torch.allclose(found[:, :, 5:15, 5:15], inner, atol=6)
    assert torch.allclose(found[:, :, 5:10, 5:15].flip(2), found[:, :, 0:5, 5:15], atol=6)


@pytest.mark.parametrize(("source", "least"), [((40, 52), 0.08), ((300, 20), 0.5), ((64, 64), 1.0)])
def test_resized_crops_keep_to_area_ratio_and_image(source: tuple[int, int], least: float) -> None:
    chance, frame = np.random.default_rng(1), Frame(source, (32, 32))
    maps = resized_crops(chance, 500, frame, least)
    wide, high = maps[:, 0, 0] * 32, maps[:, 1, 1] * 32
    height, width = source
    assert (np.abs(maps[:, 0, 2]) + wide / 2 <= width / 2 + 1e-6).all()
    assert (np.abs(maps[:, 1, 2]) + high / 2 <= height / 2 + 1e-6).all()
    assert (np.abs(np.log(wide / high)) <= np.log(4 / 3) + 0.12).all()  # sides are whole pixels
    if source != (300, 20):  # no part of half of that strip has an allowed ratio: its middle is taken
        assert (wide * high >= (least - 0.03) * height * width).all()
    if least < 0.1:
        assert np.std(wide * high) > 0.15 * height * width


def test_a_resized_crop_is_the_part_scaled() -> None:
    images = smooth(40, 52, 1)
    frame = Frame((40, 52), (44, 44))
    maps = resized_crops(np.random.default_rng(5), 1, frame, 0.1)
    wide, high = (round(float(maps[0, axis, axis]) * 44) for axis in (0, 1))
    left, top = round(float(maps[0, 0, 2]) + 26 - wide / 2), round(float(maps[0, 1, 2]) + 20 - high / 2)
    part = images[:, :, top : top + high, left : left + wide]
    expected = F.interpolate(part, size=(44, 44), mode="bilinear", align_corners=False)
    assert (warp(images, maps, (44, 44)) - expected)[:, :, 1:-1, 1:-1].abs().max() < 0.1


def test_a_chain_is_one_after_the_other() -> None:
    chance = np.random.default_rng(2)
    one, two = turned(chance.uniform(-180, 180, 4), scales(chance, 4, 0.3)), unchanged(4)
    two[:, :, 2] = chance.normal(size=(4, 2))
    point = chance.normal(size=(4, 2, 1))
    through = one[:, :, :2] @ (two[:, :, :2] @ point + two[:, :, 2:]) + one[:, :, 2:]
    both = chained(one, two)
    assert np.allclose(both[:, :, :2] @ point + both[:, :, 2:], through)


def test_images_that_shrink_much_are_averaged() -> None:
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::2] = 255
    maps = unchanged(1)
    maps[:, 0, 0] = maps[:, 1, 1] = 4.0
    found = warp(stripes, maps, (16, 16))
    assert (found - 127.5).abs().max() < 40  # plain sampling would give 0, 255 or beats of both
    assert geometry._points_a_pixel(maps) == 3


def test_scales_stay_sensible() -> None:
    found = scales(np.random.default_rng(0), 5000, 0.07)
    assert found.std() == pytest.approx(0.07, rel=0.1)
    wild = scales(np.random.default_rng(0), 5000, 1.0)
    assert wild.min() >= 0.25
    assert wild.max() <= 4
