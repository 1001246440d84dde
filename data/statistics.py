"""The mean training image: summed exactly in integers, kept as float32, and as pictures for the eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.codecs import png


class MeanImage:
    """Sums uint8 images of one shape without rounding; 2^56 images fit."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._total = np.zeros(shape, np.uint64)
        self.images = 0

    def add(self, total: NDArray[np.integer], images: int) -> None:
        """Add the sum of ``images`` images (any unsigned integer type)."""
        np.add(self._total, total, out=self._total, casting="unsafe")  # no copy of the sum in 64 bits
        self.images += images

    def value(self) -> NDArray[np.float32]:
        """The mean, float32 (height, width, channels), 0..255. Raises ZeroDivisionError where nothing was added."""
        if not self.images:
            raise ZeroDivisionError("no image was added")
        return (self._total / self.images).astype(np.float32)


def save_mean(mean: NDArray[np.float32], folder: Path) -> None:
    """Write mean.npy (exact), mean.png (rounded) and mean.jpg (for scripts that know DIGITS). Raises OSError."""
    np.save(folder / "mean.npy", mean)
    pixels = np.rint(mean).astype(np.uint8)
    (folder / "mean.png").write_bytes(png.encode(pixels))  # Pillow's takes as long as preparing forty photographs
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    picture.save(folder / "mean.jpg", quality=95, subsampling=0)
