"""Scaled JPEG decoding: the same geometry as the exact way, pixels close to it, and nothing but JPEGs touched."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.codecs import jpeg
from data.placement import Size
from data.preparation import Preparation
from data.transforms import resize_modes

MODES = [name for name in resize_modes.names() if name != "none"]


def photo(width: int, height: int, kind: str = "JPEG", **options: object) -> bytes:
    """Smooth shapes with a little texture, as photographs have."""
    y, x = np.mgrid[:height, :width] / max(width, height)
    planes = [np.sin(9 * x + 3 * k) * np.cos(7 * y - k) * 90 + 128 for k in range(3)]
    grain = np.random.default_rng(1).normal(0, 4, (height, width, 3))
    pixels = np.clip(np.stack(planes, -1) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_fast_is_close_to_exact_in_every_mode(mode, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = photo(803, 602, exif=exif, quality=92)
    exact = Preparation(96, 64, 3, mode, "#808080").content(data).astype(int)
    fast = Preparation(96, 64, 3, mode, "#808080", "fast").content(data).astype(int)
    assert fast.shape == exact.shape
    assert 0 < np.abs(fast - exact).mean() < 1.5
    assert ((fast == 128).all(-1) == (exact == 128).all(-1)).mean() > 0.98  # the same room is filled


@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from(MODES), st.sampled_from([1, 3]), st.integers(1, 8))
@settings(max_examples=80, deadline=None)
def test_any_size_comes_out_as_asked(width, height, mode, channels, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "#336699").save(buffer, "JPEG", exif=exif)
    result = Preparation(20, 31, channels, mode, "#336699", "fast").content(buffer.getvalue())
    assert result.shape == (31, 20, channels)
    assert np.abs(result.astype(int) - result[0, 0]).max() <= 6


@pytest.mark.parametrize(
    ("size", "needed", "expected"),
    [
        ((800, 600), (96, 72), (100, 75)),
        ((800, 600), (100, 75), (100, 75)),
        ((800, 600), (101, 75), (200, 150)),
        ((803, 602), (96, 72), (201, 151)),  # an eighth would be 100.4 wide: stretched to 101, it shifts
        ((800, 600), (401, 100), (800, 600)),
    ],
)
def test_it_never_has_fewer_pixels_than_needed(size, needed, expected) -> None:
    pixels = jpeg.decode(photo(*size), 3, lambda _: Size(*needed))
    assert pixels is not None
    assert pixels.shape[1::-1] == expected


def test_other_formats_and_small_jpegs_are_the_same_either_way() -> None:
    for data in (photo(300, 200, "PNG"), photo(90, 70)):
        exact, fast = (Preparation(64, 64, 3, "crop", decoding=how).content(data) for how in ("exact", "fast"))
        assert (exact == fast).all()
