"""The mean image is exact, and its pictures have the size and channels of the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.statistics import MeanImage, save_mean


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.integers(0, 2**32 - 1))
def test_sums_in_any_portions_give_the_exact_mean(portions, seed) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (sum(portions), 3, 2, 3), np.uint8)
    mean, at = MeanImage((3, 2, 3)), 0
    for portion in portions:
        mean.add(images[at : at + portion].sum(axis=0, dtype=np.uint16), portion)
        at += portion
    expected = images.astype(np.float64).mean(axis=0)
    assert mean.images == len(images)
    assert mean.value().dtype == np.float32
    assert np.abs(mean.value() - expected).max() <= 2e-5


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ZeroDivisionError):
        MeanImage((1, 1, 1)).value()


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_saved_pictures(tmp_path: Path, channels: int, mode: str) -> None:
    mean = np.linspace(0, 255, 6 * 9 * channels, dtype=np.float32).reshape(6, 9, channels)
    save_mean(mean, tmp_path)
    assert (np.load(tmp_path / "mean.npy") == mean).all()
    for name in ("mean.png", "mean.jpg"):
        with Image.open(tmp_path / name) as image:
            assert image.size == (9, 6)
            assert image.mode == mode
    with Image.open(tmp_path / "mean.png") as image:
        assert (np.asarray(image).reshape(6, 9, channels) == np.rint(mean)).all()
