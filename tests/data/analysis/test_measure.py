"""Measures against plain definitions: brightness, contrast, Laplacian, hashes that copies share and others do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from data.analysis.measure import grey_levels, measure


def random_images(count: int, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def photo(seed: int, side: int = 64) -> np.ndarray:
    """A smooth random picture with an edge or two, as photos have them."""
    rng = np.random.default_rng(seed)
    rough = cv2.resize(rng.integers(0, 256, (8, 8, 3), np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    rough[side // 3 :, side // 2 :] //= 2
    return rough


@pytest.mark.parametrize("shape", [(9, 7, 1), (28, 28, 1), (12, 20, 3), (1, 5, 3), (2, 2, 1)])
def test_measures_are_those_of_their_definitions(shape: tuple[int, int, int]) -> None:
    images = random_images(5, shape)
    found = measure(images)
    for number, image in enumerate(images):
        grey = image[..., 0] if shape[2] == 1 else np.asarray(Image.fromarray(image).convert("L"))
        assert found.brightness[number] == pytest.approx(grey.mean(), abs=0.6)
        assert found.contrast[number] == pytest.approx(grey.std(), abs=0.6)
        if min(shape[:2]) >= 3:
            exact = grey_levels(image[None])[0]
            edges = cv2.Laplacian(exact, cv2.CV_64F)[1:-1, 1:-1]
            assert found.sharpness[number] == pytest.approx(edges.var(), rel=1e-4)
        else:
            assert found.sharpness[number] == 0


def test_one_colour_has_no_contrast_and_nothing_sharp() -> None:
    found = measure(np.full((2, 200, 300, 3), 137, np.uint8))
    assert found.brightness == pytest.approx([137, 137], abs=0.01)
    assert found.contrast.max() < 0.01
    assert found.sharpness.max() == 0
    assert found.detail.max() == 0


def test_equal_pixels_have_equal_hashes_and_others_do_not() -> None:
    images = random_images(300, (16, 16, 3))
    images[7] = images[200]
    found = measure(images)
    keys = list(zip(found.pixel_crc.tolist(), found.look_hash.tolist(), strict=True))
    assert len(set(keys)) == 299
    assert keys[7] == keys[200]


def test_half_of_the_bits_of_a_look_are_set_whatever_is_seen() -> None:
    digit = np.zeros((1, 28, 28, 1), np.uint8)
    digit[0, 6:22, 12:16] = 255
    for images in (digit, photo(1)[None], random_images(1, (40, 30, 1))):
        assert 28 <= int(np.bitwise_count(measure(images).look_hash)[0]) <= 36


def test_a_look_survives_scaling_brightening_and_jpeg_and_tells_pictures_apart() -> None:
    pictures = [photo(seed) for seed in range(20)]
    hashes = measure(np.stack(pictures)).look_hash
    for number, picture in enumerate(pictures):
        smaller = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA)
        brighter = np.clip(picture.astype(int) + 20, 0, 255).astype(np.uint8)
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])
        for other in (smaller, brighter, cv2.imdecode(data, cv2.IMREAD_UNCHANGED)):
            assert np.bitwise_count(measure(other[None]).look_hash[0] ^ hashes[number]) <= 6
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None, :])[np.triu_indices(20, 1)]
    assert distances.min() > 8


def test_blur_makes_edges_wide_and_flat_areas_do_not_matter() -> None:
    picture = np.full((128, 128, 3), 255, np.uint8)
    picture[40:80, 40:80] = random_images(1, (40, 40, 3))[0] // 2
    sharp, soft = picture, cv2.GaussianBlur(picture, (0, 0), 3)
    framed = np.full((256, 256, 3), 255, np.uint8)
    framed[:128, :128] = soft
    assert measure(sharp[None]).detail[0] > 1
    assert measure(soft[None]).detail[0] < 0.4
    assert measure(framed[None]).detail[0] == pytest.approx(measure(soft[None]).detail[0], rel=0.05)
