"""Resize modes: DIGITS's arithmetic, and the promise of every registered mode."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UserError
from data.placement import Box, Placement, Size, even_room
from data.preparation import Preparation
from data.resize import pillow_resampler, torch_resampler
from data.transforms import find_resize_mode, resize_modes

SIDE = st.integers(1, 5000)
MODES = ["crop", "fill", "half_crop", "shortest_side", "squash"]
"""Those that take a picture of any size; "none" takes one size only."""


def place(mode: str, source: tuple[int, int], target: tuple[int, int]) -> Placement:
    return find_resize_mode(mode).place(Size(*source), Size(*target))


def test_the_modes_are_registered_with_words_for_people() -> None:
    assert sorted(resize_modes.names()) == sorted([*MODES, "none"])
    assert not resize_modes.broken
    assert all(mode.title and mode.help for mode in resize_modes)


def test_an_unknown_mode_names_those_there_are() -> None:
    with pytest.raises(UserError, match="squash") as caught:
        find_resize_mode("stretch")
    assert caught.value.field == "resize_mode"


@pytest.mark.parametrize(
    ("mode", "source", "target", "expected"),
    [
        ("squash", (500, 375), (256, 256), Placement(Size(256, 256), Box(0, 0, 256, 256), (0, 0))),
        # 500 / (375 / 256) = 341.3; the cut of 85 takes 43 from the left
        ("crop", (500, 375), (256, 256), Placement(Size(341, 256), Box(43, 0, 299, 256), (0, 0))),
        ("crop", (375, 500), (256, 256), Placement(Size(256, 341), Box(0, 43, 256, 299), (0, 0))),
        # 375 / (500 / 256) = 192: a room of 64, 32 above
        ("fill", (500, 375), (256, 256), Placement(Size(256, 192), Box(0, 0, 256, 192), (0, 32))),
        # 375 / (500 / 255) = 191.25 -> 191: the room of 64 is even
        ("fill", (500, 375), (255, 255), Placement(Size(255, 191), Box(0, 0, 255, 191), (0, 32))),
        # 33 / (100 / 10) = 3.3 -> 3: the room of 7 is odd, so 4
        ("fill", (100, 33), (10, 10), Placement(Size(10, 4), Box(0, 0, 10, 4), (0, 3))),
        # mean of 500/256 and 375/256 is 1.709: 293 x 219, 219 -> 220 for an even room of 36
        ("half_crop", (500, 375), (256, 256), Placement(Size(293, 220), Box(19, 0, 275, 220), (0, 18))),
        ("half_crop", (512, 512), (256, 256), Placement(Size(256, 256), Box(0, 0, 256, 256), (0, 0))),
        ("none", (7, 9), (7, 9), Placement(Size(7, 9), Box(0, 0, 7, 9), (0, 0))),
    ],
)
def test_placements_are_those_of_digits(mode, source, target, expected) -> None:
    assert place(mode, source, target) == expected


@pytest.mark.parametrize("source", [(500, 375), (375, 500), (641, 427), (30, 299), (64, 64), (1, 90)])
@pytest.mark.parametrize("target", [(64, 64), (65, 33), (33, 65)])
def test_shortest_side_is_torchvisions_resize_and_centre_crop(source, target) -> None:
    from PIL import Image
    from torchvision.transforms import v2

    pixels = np.random.default_rng(3).integers(0, 256, (source[1], source[0], 3), np.uint8)
    theirs = v2.Compose([v2.Resize(min(target)), v2.CenterCrop((target[1], target[0]))])(Image.fromarray(pixels))
    ours = Preparation(*target, 3, "shortest_side", "#000000").pixels(pixels, resample=pillow_resampler)
    assert (ours == np.asarray(theirs)).all()


def test_none_refuses_another_size_and_says_both() -> None:
    with pytest.raises(UserError, match="30x20, the dataset 20x30"):
        Preparation(20, 30, 3, "none").pixels(np.zeros((20, 30, 3), np.uint8))


@given(st.sampled_from(MODES), st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
@settings(max_examples=400)
def test_every_placement_stays_inside_both_pictures(mode, source, target) -> None:
    placement = place(mode, source, target)
    crop, (left, top) = placement.crop, placement.paste
    assert 0 <= crop.left < crop.right <= placement.scaled.width
    assert 0 <= crop.top < crop.bottom <= placement.scaled.height
    assert left >= 0
    assert top >= 0
    assert left + crop.size.width <= target[0]
    assert top + crop.size.height <= target[1]
    if mode in ("squash", "crop"):
        assert placement.covers(Size(*target))
    if mode == "fill":
        assert crop.size == placement.scaled  # nothing is cut


@given(st.integers(1, 100), st.integers(1, 100))
def test_even_room_is_even_and_adds_one_pixel_at_most(length, target) -> None:
    scaled = even_room(length, target)
    assert (target - scaled) % 2 == 0
    assert 0 <= scaled - min(length, target) <= 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("source", [(1, 1), (3, 2), (1, 4000), (4000, 1), (28, 28), (29, 28)])
@pytest.mark.parametrize("resample", [torch_resampler, pillow_resampler])
def test_the_output_has_the_asked_shape_for_any_source(mode, channels, source, resample) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (source[1], source[0], channels), np.uint8)
    result = Preparation(28, 20, channels, mode).pixels(pixels, resample=resample)
    assert result.shape == (20, 28, channels)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous


@given(
    st.sampled_from(MODES),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(1, 80), st.integers(1, 80)),
    st.sampled_from([1, 3]),
    st.sampled_from(["noise", "#ffffff"]),
)
@settings(max_examples=150, deadline=None)
def test_the_output_has_the_asked_shape_whatever_is_asked(mode, source, target, channels, fill) -> None:
    pixels = np.full((source[1], source[0], channels), 7, np.uint8)
    result = Preparation(*target, channels, mode, fill).pixels(pixels, resample=pillow_resampler)
    assert result.shape == (target[1], target[0], channels)
    assert result.dtype == np.uint8


@pytest.mark.parametrize("source", [(500, 375), (375, 500), (40, 30), (1800, 1200), (257, 255)])
@pytest.mark.parametrize("channels", [1, 3])
def test_both_resamplers_agree_within_one_level(source, channels) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (source[1], source[0], channels), np.uint8)
    for target in (Size(256, 256), Size(31, 64), Size(600, 512)):
        fast, reference = torch_resampler(noise, target), pillow_resampler(noise, target)
        assert fast.shape == reference.shape
        assert np.abs(fast.astype(int) - reference).max() <= 1


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (20, 30, 3), np.uint8)
    for mode in [*MODES, "none"]:
        assert Preparation(30, 20, 3, mode).pixels(pixels) is pixels


def test_a_thin_strip_is_not_scaled_to_gigabytes() -> None:
    strip = np.repeat(np.arange(60_000, dtype=np.uint32)[:, None, None] // 235, 3, axis=2).astype(np.uint8)
    whole = Preparation(2000, 2000, 3, "crop").pixels(strip)  # scaled whole it would be 2,000 x 120,000,000
    assert whole.shape == (2000, 2000, 3)
    assert abs(int(whole[1000, 1000, 0]) - 30_000 // 235) <= 1  # its middle is kept


class TestFill:
    """What the room beside the picture is filled with."""

    picture = np.full((10, 40, 3), 200, np.uint8)

    def test_a_colour(self) -> None:
        result = Preparation(20, 20, 3, "fill", "#102030").pixels(self.picture)
        assert result[0, 0].tolist() == [0x10, 0x20, 0x30]
        assert result[10, 10].tolist() == [200, 200, 200]

    def test_a_colour_in_grey_is_its_luminance(self) -> None:
        result = Preparation(20, 20, 1, "fill", "#ff0000").pixels(self.picture[..., :1])
        assert result[0, 0, 0] == 76

    def test_noise_spans_all_levels_and_follows_the_seed(self) -> None:
        preparation = Preparation(200, 200, 3, "fill")
        one, again, other = (preparation.pixels(self.picture, seed=seed) for seed in (1, 1, 2))
        assert (one == again).all()
        assert (one != other).any()
        room = one[:70]
        assert room.min() == 0
        assert room.max() == 255
        assert 120 < room.mean() < 135
