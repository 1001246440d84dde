"""What each record looks like, by its stored pixels: brightness, contrast, sharpness, and two hashes for duplicates."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from data.codecs import Pixels

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint64]
LOW = 8
"""The perceptual hash looks at the LOW x LOW lowest frequencies."""
LOOK = 12
"""The LOOK x LOOK lowest frequencies of every record are kept while duplicates are searched."""


class Measures(NamedTuple):
    """One value a record. Grey levels are those of Pillow's "L": 0 black .. 255 white.

    ``brightness`` mean grey level; ``contrast`` standard deviation of the grey levels; ``sharpness`` variance of their
    Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000), 0 for pictures under
    3 x 3; ``detail`` is that variance over the mean square of the grey levels' slope, which flat areas do not change:
    how fine the edges are, mostly 1 to 3 (5 for noise), below 0.4 where blurred. ``pixel_crc`` is the CRC-32 of the
    pixels, which with an equal ``look_hash`` (it differs in few bits for pictures that look alike) makes two records
    equal for every purpose here. ``look``, int8 [n, 144], are the lowest frequencies of the grey levels themselves,
    scaled to +-127 each record.
    """

    brightness: Floats
    contrast: Floats
    sharpness: Floats
    detail: Floats
    pixel_crc: NDArray[np.uint32]
    look_hash: Hashes
    look: NDArray[np.int8]


KINDS: dict[str, type[np.generic]] = {
    "brightness": np.float32,
    "contrast": np.float32,
    "sharpness": np.float32,
    "detail": np.float32,
    "pixel_crc": np.uint32,
    "look_hash": np.uint64,
}
"""The columns of Measures that are kept, and their types on disk."""


def measure(images: Pixels) -> Measures:
    """Measure uint8 pictures (n, height, width, channels)."""
    grey = grey_levels(images)
    levels = grey.astype(np.float32)
    flat = levels.reshape(len(grey), -1)
    mean = flat.mean(axis=1)
    low = low_frequencies(levels)
    flat -= mean[:, None]
    contrast = np.sqrt(_mean_square(flat))
    sharpness = laplacian_variance(grey)
    detail: Floats = (sharpness / np.maximum(mean_slope(grey), 1)).astype(np.float32)
    return Measures(mean, contrast, sharpness, detail, pixel_crcs(images), look_hashes(low), _scaled(low))


def grey_levels(images: Pixels) -> NDArray[np.uint8]:
    """Grey levels (n, height, width) of pictures with 1 or 3 channels: 0.299 R + 0.587 G + 0.114 B."""
    if images.shape[3] == 1:
        return images[..., 0]
    import cv2

    count, height, width, _ = images.shape
    grey: Any = cv2.cvtColor(images.reshape(count * height, width, 3), cv2.COLOR_RGB2GRAY)
    levels: NDArray[np.uint8] = grey.reshape(count, height, width)
    return levels


def laplacian_variance(grey: NDArray[np.uint8]) -> Floats:
    """Variance of the four-neighbour Laplacian inside each picture (n, height, width)."""
    count, height, width = grey.shape
    if height < 3 or width < 3:
        return np.zeros(count, np.float32)
    wide = grey.astype(np.int16)
    edges = wide[:, 1:-1, 1:-1] << 2
    for neighbour in (wide[:, :-2, 1:-1], wide[:, 2:, 1:-1], wide[:, 1:-1, :-2], wide[:, 1:-1, 2:]):
        edges -= neighbour
    flat = edges.reshape(count, -1).astype(np.float32)
    np.subtract(flat, flat.mean(axis=1)[:, None], out=flat)
    return _mean_square(flat)


def mean_slope(grey: NDArray[np.uint8]) -> Floats:
    """Mean square of the difference to the pixel on the right, plus that to the pixel below, (n, height, width)."""
    total = np.zeros(len(grey), np.float32)
    wide = grey.astype(np.int16)
    for steps in (wide[:, :, 1:] - wide[:, :, :-1], wide[:, 1:] - wide[:, :-1]):
        if steps.size:
            np.add(total, _mean_square(steps.reshape(len(grey), -1).astype(np.float32)), out=total)
    return total


def pixel_crcs(images: Pixels) -> NDArray[np.uint32]:
    """CRC-32 of each picture's pixels, row by row."""
    return np.array([isal_zlib.crc32(image) for image in np.ascontiguousarray(images)], np.uint32)


def low_frequencies(levels: Floats) -> Floats:
    """The LOOK x LOOK lowest frequencies (DCT-II) of grey levels (n, height, width); the mean is left out (0)."""
    low: Floats = np.matmul(_cosines(levels.shape[1]) @ levels, _cosines(levels.shape[2]).T, dtype=np.float32)
    low[:, 0, 0] = 0.0
    return low


def look_hashes(low: Floats) -> Hashes:
    """pHash: which of the lowest 8 x 8 of the frequencies (n, LOOK, LOOK) lie above their median; 64 bits a picture.

    Christoph Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1; the
    cosine transform is taken of the picture itself, so that none need be scaled to 32 x 32 first. Half of the bits are
    set whatever the picture, which spreads digits on black as well as photos over the hash's range.
    """
    lowest = low[:, :LOW, :LOW].reshape(len(low), LOW * LOW)
    bits = lowest > np.median(lowest, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def _scaled(low: Floats) -> NDArray[np.int8]:
    """The frequencies of each picture as one row, scaled so that its largest value is 127."""
    flat = low.reshape(len(low), -1)
    largest = np.maximum(np.abs(flat).max(axis=1, keepdims=True), 1e-6)
    look: NDArray[np.int8] = np.rint(flat * (127 / largest)).astype(np.int8)
    return look


def _mean_square(flat: Floats) -> Floats:
    """Mean of the squares of each row of (n, values)."""
    square: Floats = (flat[:, None, :] @ flat[:, :, None]).ravel()
    square /= np.float32(flat.shape[1])
    return square


@lru_cache(maxsize=16)
def _cosines(size: int) -> Floats:
    """The LOOK lowest rows of the orthonormal DCT-II of a line of ``size`` values, (LOOK, size)."""
    place = (np.arange(size) + 0.5) / size
    rows = np.cos(np.pi * np.arange(LOOK)[:, None] * place[None, :])
    rows[0] *= np.sqrt(0.5)  # so that products of frequencies are products of grey levels
    return rows.astype(np.float32)
