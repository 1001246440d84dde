"""Sums over many records: mean and deviation image, channel statistics, histogram, and the mean of every class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels

Floats = NDArray[np.float32]
LARGEST_IMAGE = 256
"""Side of the mean and deviation image at most; larger records are averaged down to it."""
LARGEST_CLASS_IMAGE = 64
CLASS_BYTES = 256 << 20
"""Room for the sums of all classes' images; with very many classes they get smaller."""


class Moments:
    """Adds up uint8 pictures (height, width, channels) of one split; one thread adds at a time."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        height, width, channels = shape
        self.size = _within(height, width, LARGEST_IMAGE)
        room = math.isqrt(max(1, CLASS_BYTES // (4 * channels * max(1, classes))))
        self.class_size = _within(height, width, min(LARGEST_CLASS_IMAGE, room))
        self.sum = np.zeros((*self.size, channels), np.float64)
        self.square = np.zeros_like(self.sum)
        self.by_class = np.zeros((classes, *self.class_size, channels), np.float32)
        self.class_counts = np.zeros(classes, np.int64)
        self.levels = np.zeros((channels, 256), np.int64)
        self.images = 0

    def add(self, images: Pixels, labels: NDArray[np.int32]) -> None:
        """Add at most 256 pictures (n, height, width, channels), so that sums stay exact, and their class numbers."""
        self.levels += level_counts(images)
        small = shrink(images, self.size).astype(np.float32)
        self.sum += small.sum(axis=0)
        if labels.min(initial=0) >= 0:  # pictures of several objects have no single class
            self._add_classes(shrink(images, self.class_size).astype(np.float32), labels)
        np.multiply(small, small, out=small)
        self.square += small.sum(axis=0)
        self.images += len(images)

    def _add_classes(self, small: Floats, labels: NDArray[np.int32]) -> None:
        found, places = np.unique(labels, return_inverse=True)
        member = (places[None, :] == np.arange(len(found))[:, None]).astype(np.float32)
        sums = member @ small.reshape(len(small), -1)
        self.by_class[found] += sums.reshape(len(found), *small.shape[1:])
        self.class_counts[found] += member.sum(axis=1).astype(np.int64)

    def mean(self) -> Floats:
        """The mean image, 0..255, of at most LARGEST_IMAGE a side."""
        return (self.sum / max(1, self.images)).astype(np.float32)

    def deviation(self) -> Floats:
        """The standard deviation of every pixel, 0..127.5."""
        count = max(1, self.images)
        return np.sqrt(np.maximum(self.square / count - (self.sum / count) ** 2, 0)).astype(np.float32)

    def class_means(self) -> Floats:
        """The mean image of every class, (classes, h, w, c), 0..255; zeros for a class without a record."""
        return (self.by_class / np.maximum(self.class_counts, 1)[:, None, None, None]).astype(np.float32)

    def channels(self) -> list[dict[str, Any]]:
        """For each channel mean and standard deviation over all pixels of all records (0..255), and its histogram."""
        names = ("grey",) if len(self.levels) == 1 else ("red", "green", "blue")
        found = []
        for name, counts in zip(names, self.levels, strict=True):
            total, grey = max(1, int(counts.sum())), np.arange(256)
            mean = float((counts * grey).sum()) / total
            deviation = math.sqrt(float((counts * (grey - mean) ** 2).sum()) / total)
            found.append({"channel": name, "mean": mean, "deviation": deviation, "levels": counts.tolist()})
        return found


def shrink(images: Pixels, size: tuple[int, int]) -> Pixels:
    """Pictures (n, height, width, channels) averaged down to (height, width) = ``size``."""
    if images.shape[1:3] == size:
        return images
    import cv2

    small = np.empty((len(images), *size, images.shape[3]), np.uint8)
    for image, out in zip(images, small, strict=True):
        out[...] = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA).reshape(out.shape)
    return small


def level_counts(images: Pixels) -> NDArray[np.int64]:
    """How often each of 256 levels occurs in each channel, (channels, 256)."""
    import cv2

    count, height, width, channels = images.shape
    tall = images.reshape(count * height, width, channels)
    found = [cv2.calcHist([tall], [channel], None, [256], [0, 256]).ravel() for channel in range(channels)]
    return np.array(found).astype(np.int64)


def _within(height: int, width: int, largest: int) -> tuple[int, int]:
    """(height, width) scaled down so that neither is above ``largest``."""
    scale = min(1.0, largest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
