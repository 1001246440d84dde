"""Augmentation of batches: colours, mixing, RandAugment, and the whole in one order, the same for the same step."""

from __future__ import annotations

import colorsys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data.database import open_dataset
from data.errors import InvalidOptions
from models.augment_options import AugmentOptions, check_augmentation
from models.training.augment import Cut, Selections
from models.training.augment_colour import add_noise, change_contrast, shift_hsv, to_hsv, to_rgb
from models.training.augment_mix import mix
from models.training.augment_rand import CHANGES, rand_augment
from models.training.augment_warp import Frame
from models.training.augmenter import Augmenter, make_augmenter
from models.training.batches import DatabaseImages, load
from tests.models.jobs import make_dataset
from tests.models.training.test_batches import CPU, finish

EVERYTHING = AugmentOptions(
    flip_vertical=True, random_resized_crop=True, randaugment=True, mixup=0.4, cutmix=1.0, quarter_turns="all",
    rotation=20, scaling=0.1, hue=0.05, saturation=0.1, value=0.1, contrast=0.4, noise=0.03,
)  # fmt: skip

SINGLE = [name for name, value in vars(EVERYTHING).items() if value != getattr(AugmentOptions(), name)]


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def pictures(count: int = 6, size: tuple[int, int] = (20, 20), channels: int = 3) -> torch.Tensor:
    return torch.from_numpy(chance(7).integers(0, 256, (count, *size, channels), np.uint8))


def augmenter(
    options: AugmentOptions, size: tuple[int, int] = (20, 20), crop: int | None = None, seed: int = 1
) -> Augmenter:
    made = make_augmenter(options, Frame(size, (crop, crop) if crop else size), 4, seed)
    assert made is not None
    return made


LABELS = torch.tensor([0, 1, 2, 3, 0, 1])


# -- colours -----------------------------------------------------------------------------------------------------


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_hsv_is_that_of_colorsys_and_comes_back(colour: tuple[int, int, int]) -> None:
    rgb = torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1) / 255
    found = to_hsv(rgb)
    assert [float(part) for part in found] == pytest.approx(colorsys.rgb_to_hsv(*rgb.flatten().tolist()), abs=1e-5)
    assert torch.allclose(to_rgb(*found), rgb, atol=1e-5)


def test_grey_stays_grey_whatever_its_saturation() -> None:
    grey = torch.full((50, 3, 2, 2), 90.0)
    changed = shift_hsv(grey.clone(), chance(), (0.3, 0.4, 0.1))
    assert (changed.amax(1) - changed.amin(1)).max() < 0.01
    assert 15 < changed[:, 0, 0, 0].std() < 40  # value: 0.1 of 255
    single = shift_hsv(torch.full((50, 1, 2, 2), 90.0), chance(), (0.3, 0.4, 0.1))
    assert 15 < single[:, 0, 0, 0].std() < 40


def test_hue_turns_the_circle() -> None:
    red = torch.zeros(400, 3, 1, 1)
    red[:, 0] = 200
    hue = to_hsv(shift_hsv(red, chance(), (0.1, 0, 0)) / 255)[0].flatten()
    signed = torch.where(hue > 0.5, hue - 1, hue)
    assert signed.std() == pytest.approx(0.1, rel=0.15)


def test_contrast_keeps_the_mean() -> None:
    images = pictures(200).permute(0, 3, 1, 2).float() * 0.2 + 100
    changed = change_contrast(images.clone(), chance(), 0.5)
    assert torch.allclose(changed.mean((1, 2, 3)), images.mean((1, 2, 3)), atol=0.01)
    factors = changed.std((1, 2, 3)) / images.std((1, 2, 3))
    assert factors.min() == pytest.approx(0.5, abs=0.03)
    assert factors.max() == pytest.approx(1.5, abs=0.03)


def test_noise_has_the_asked_deviation() -> None:
    images = torch.full((4, 3, 50, 50), 128.0)
    noisy = add_noise(images, chance(), 0.03)
    assert (noisy - images).std() == pytest.approx(0.03 * 255, rel=0.05)
    assert (noisy == add_noise(images, chance(), 0.03)).all()
    assert (noisy != add_noise(images, chance(1), 0.03)).any()


# -- mixing ------------------------------------------------------------------------------------------------------


def test_mixup_blends_pixels_and_classes_by_the_same_share() -> None:
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 1, 4, 4).contiguous()
    mixed, targets = mix(images, LABELS, chance(), 4, (0.8, 0.0))
    assert targets.sum(1).tolist() == pytest.approx([1] * 6)
    share = float(targets[1, 1])
    assert 0 < share < 1
    assert mixed[1, 0].flatten().tolist() == pytest.approx([share * 1 + (1 - share) * 0] * 16, abs=1e-5)
    assert float(targets[1, 0]) == pytest.approx(1 - share)


@pytest.mark.parametrize("seed", range(12))
def test_cutmix_shares_are_areas(seed: int) -> None:
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 1, 10, 14).contiguous()
    mixed, targets = mix(images, LABELS, chance(seed), 4, (0.0, 1.0))
    own = float((mixed[3] == 3).float().mean())
    assert float(targets[3, 3]) == pytest.approx(own, abs=1e-5)
    assert set(mixed[3].flatten().tolist()) <= {2.0, 3.0}


def test_both_take_turns_by_batch() -> None:
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 1, 10, 14).contiguous()
    kinds = {len(mix(images, LABELS, chance(seed), 4, (1.0, 1.0))[0][3].unique()) for seed in range(40)}
    assert kinds == {1, 2}


# -- RandAugment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_randaugment_keeps_shape_and_range(channels: int) -> None:
    images = pictures(200, channels=channels).permute(0, 3, 1, 2).float()
    changed = rand_augment(images, chance(), 1, 9)
    assert changed.shape == images.shape
    assert -0.01 <= changed.min() <= changed.max() <= 255.01
    same = (changed == images).flatten(1).all(1).sum()
    assert 4 < same < 60  # "none" is one of fourteen; some others do nothing to noise that spans all levels


def test_each_change_is_drawn() -> None:
    images = torch.linspace(40, 200, 400).view(1, 1, 20, 20).expand(CHANGES * 20, 3, 20, 20).contiguous()
    changed = rand_augment(images, chance(), 1, 15)
    kinds = {tuple(image.flatten()[::37].round().tolist()) for image in changed}
    assert len(kinds) >= CHANGES + 5  # most come in two signs


# -- the whole ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("crop", [None, 12])
def test_everything_at_once_has_the_networks_shape(channels: int, crop: int | None) -> None:
    pixels = pictures(channels=channels)
    images, targets = augmenter(EVERYTHING, crop=crop)(pixels, LABELS, 3)
    assert images.shape == (6, crop or 20, crop or 20, channels)
    assert images.dtype == torch.float32
    assert images.permute(0, 3, 1, 2).is_contiguous(memory_format=torch.channels_last)
    assert -0.01 <= images.min() <= images.max() <= 255.01
    assert targets.shape == (6, 4)
    assert targets.sum(1).tolist() == pytest.approx([1] * 6)
    assert (pixels == pictures(channels=channels)).all()  # the set in memory is not written to


@pytest.mark.parametrize("name", SINGLE)
def test_each_option_alone_changes_images_and_follows_seed_and_step(name: str) -> None:
    change = augmenter(AugmentOptions(**{name: getattr(EVERYTHING, name)}))
    pixels = pictures()
    first, again, later = (change(pixels, LABELS, step)[0] for step in (4, 4, 5))
    other = augmenter(change.options, seed=2)(pixels, LABELS, 4)[0]
    assert (first == again).all()
    assert (first != later).any()
    assert (first != other).any()
    assert (first != pixels).any()


def test_quarter_turns_are_exact() -> None:
    pixels = pictures(200)
    images, _ = augmenter(AugmentOptions(quarter_turns="quarter"))(pixels, torch.zeros(200, dtype=torch.long), 0)
    turns = [
        [(image == torch.rot90(one, k, (0, 1))).all().item() for k in range(4)]
        for image, one in zip(images, pixels, strict=True)
    ]
    counts = np.sum(turns, 0)
    assert counts.sum() == 200
    assert counts[2] == 0
    assert (counts[[0, 1, 3]] > 40).all()


def test_nothing_is_made_for_plain_crops_and_mirrors() -> None:
    assert make_augmenter(AugmentOptions(flip=True), Frame((8, 8), (4, 4)), 3, 0) is None


def test_quarter_turns_want_square_images() -> None:
    check_augmentation(AugmentOptions(quarter_turns="half"), 20, 30)
    check_augmentation(AugmentOptions(quarter_turns="all"), 20, 20)
    with pytest.raises(InvalidOptions) as caught:
        check_augmentation(AugmentOptions(quarter_turns="all"), 20, 30)
    assert "square" in caught.value.fields["quarter_turns"][0]


def test_memory_and_database_give_the_same_batches_and_a_resumed_training_too(tmp_path: Path) -> None:
    split = open_dataset(make_dataset(tmp_path).artifacts).split("train")
    change = augmenter(EVERYTHING, size=(10, 10), crop=8)
    selections = Selections(Cut(10, 10, None), len(split), 7, seed=2, flip=True)
    memory = finish(load(split, None, CPU, change))
    database = DatabaseImages(split, None, CPU, 2, change)
    straight = list(memory.batches(islice(selections.after(0, 7), 9)))
    read = list(database.batches(islice(selections.after(0, 7), 9)))
    resumed = list(memory.batches(islice(selections.after(5, 7), 4)))
    for one, two in [*zip(straight, read, strict=True), *zip(straight[5:], resumed, strict=True)]:
        assert (one[0] == two[0]).all()
        assert (one[1] == two[1]).all()
