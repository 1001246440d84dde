"""Small real image folders for any test suite: the gradient classes on which DIGITS's own tests trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

GRADIENTS = (
    ("red-to-right", 0, "x"),
    ("green-to-top", 1, "-y"),
    ("blue-to-left", 2, "-x"),
    ("blue-to-bottom", 2, "y"),
)
"""Class name, the channel that is lit, the direction in which it grows brighter."""


def gradient(channel: int, direction: str, size: tuple[int, int], offset: float = 0.0) -> np.ndarray:
    """One uint8 RGB picture, (height, width, 3): ``channel`` rises along ``direction`` from ``offset`` (0..1)."""
    width, height = size
    ramp = np.linspace(offset, 1.0, width if direction.endswith("x") else height)
    if direction.startswith("-"):
        ramp = ramp[::-1]
    plane = np.broadcast_to(ramp[None, :] if direction.endswith("x") else ramp[:, None], (height, width))
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., channel] = np.rint(plane * 255)
    return pixels


def make_gradient_folder(
    path: Path, classes: int = 3, per_class: int = 10, size: int | tuple[int, int] = 10, *, extension: str = "png"
) -> Path:
    """Write ``path/<class>/<number>.<extension>`` and return ``path``; ``size`` is the side, or (width, height).

    Up to four classes; the fourth gets half as many pictures (DIGITS's unbalanced set). Pictures of one class differ
    a little (the dark end of the ramp), the same call always writes the same files.
    """
    width, height = (size, size) if isinstance(size, int) else size
    for index, (name, channel, direction) in enumerate(GRADIENTS[:classes]):
        folder = path / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(per_class if index < 3 else per_class // 2):
            pixels = gradient(channel, direction, (width, height), offset=0.4 * number / max(1, per_class))
            Image.fromarray(pixels).save(folder / f"{number:04d}.{extension}")
    return path
