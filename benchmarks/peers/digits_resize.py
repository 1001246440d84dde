"""DIGITS's four resize modes, restated from reading digits/utils/image.py of 6.1.1: bilinear, filled with noise."""

from __future__ import annotations

import numpy as np
from PIL import Image


def resize(pixels: np.ndarray, size: tuple[int, int], mode: str) -> np.ndarray:
    """Pixels uint8 [h, w] or [h, w, 3] brought to ``size`` (width, height)."""
    width, height = size
    if pixels.shape[:2] == (height, width):
        return pixels
    across, down = pixels.shape[1] / width, pixels.shape[0] / height
    if mode == "squash" or across == down:
        return _scaled(pixels, width, height)
    if mode == "crop":
        ratio = min(across, down)
    elif mode == "fill":
        ratio = max(across, down)
    else:
        ratio = (across + down) / 2
    new = [round(pixels.shape[1] / ratio), round(pixels.shape[0] / ratio)]
    if mode != "crop":
        new = [
            length + (target - length) % 2 if length < target else length
            for length, target in zip(new, size, strict=True)
        ]
    picture = _scaled(pixels, *new)
    left, top = max(0, new[0] - width + 1) // 2, max(0, new[1] - height + 1) // 2
    picture = picture[top : top + height, left : left + width]
    return _filled(_filled(picture, height, 0), width, 1)


def _scaled(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def _filled(picture: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Noise at both ends of an axis until it is ``length`` long."""
    room = (length - picture.shape[axis]) // 2
    if not room:
        return picture
    shape = list(picture.shape)
    shape[axis] = room
    noise = [np.random.randint(0, 255, shape).astype(np.uint8) for _ in range(2)]
    return np.concatenate((noise[0], picture, noise[1]), axis)
