"""The images kept of an atlas: what every unit says of up to 10,000 evenly spread images, in files that only grow.

From them come look-alike units, the sample across a unit's range, the maps, and how well a unit separates two classes.
Free of torch, so that the web can read them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.whole import naming

IMAGE = np.dtype(
    [
        ("number", "<i8"),  # of the record in its split
        ("label", "<i4"),  # class number of the model, -1 where it is not known
        ("predicted", "<i4"),  # the likeliest class
        ("confidence", "<f4"),  # its probability
    ]
)
Peaks = NDArray[np.float16]
LARGEST = float(np.finfo(np.float16).max)


class Kept:
    """Appends to ``folder``: images.bin (IMAGE records) and <layer>.bin (float16 [images, units]).

    What is beyond ``rows`` images, left by a worker that was killed, is cut off first.
    """

    def __init__(self, folder: Path, units: Sequence[int], rows: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows = folder, rows
        self._images: list[NDArray[Any]] = []
        self._peaks: list[list[Peaks]] = [[] for _ in units]
        _cut(folder / "images.bin", rows * IMAGE.itemsize)
        for layer, count in enumerate(units):
            _cut(folder / f"{layer}.bin", rows * count * 2)

    def add(self, images: NDArray[Any], peaks: Sequence[Peaks]) -> None:
        """IMAGE [n], and float16 [n, units] of each layer; in memory until :meth:`flush`."""
        if len(images):
            self._images.append(images)
            for pending, values in zip(self._peaks, peaks, strict=True):
                pending.append(values)

    def flush(self) -> int:
        """Write what is pending; the images on disk. Raises OSError naming the file (disk full)."""
        if self._images:
            for layer, pending in enumerate(self._peaks):
                _append(self.folder / f"{layer}.bin", np.concatenate(pending))
                pending.clear()
            images = np.concatenate(self._images)
            self._images.clear()
            _append(self.folder / "images.bin", images)
            self.rows += len(images)
        return self.rows


def read_images(folder: Path) -> NDArray[Any]:
    """IMAGE [n] of the images kept; empty where there are none."""
    path = folder / "images.bin"
    return np.fromfile(path, IMAGE) if path.exists() else np.empty(0, IMAGE)


def read_peaks(folder: Path, layer: int, units: int) -> Peaks:
    """float16 [n, units] of a layer, mapped from the file. Raises OSError where it is not there."""
    path = folder / f"{layer}.bin"
    rows = path.stat().st_size // (2 * units)
    return np.memmap(path, np.float16, "r", shape=(rows, units)) if rows else np.empty((0, units), np.float16)


def _append(path: Path, values: NDArray[Any]) -> None:
    try:
        with path.open("ab") as file:
            values.tofile(file)
    except OSError as error:
        raise naming(path, error) from error


def _cut(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)
