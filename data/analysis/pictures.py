"""Pictures of what was summed up: mean and deviation of a split, and the mean of every class in one sheet."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.analysis.moments import Moments


def save_pictures(moments: Moments, folder: Path) -> None:
    """Write mean.png, deviation.png (stretched to white) and classes.jpg. Raises OSError (disk full)."""
    folder.mkdir(parents=True, exist_ok=True)
    _picture(moments.mean()).save(folder / "mean.png")
    deviation = moments.deviation()
    _picture(deviation * (255 / max(1e-6, float(deviation.max())))).save(folder / "deviation.png")
    _picture(class_sheet(moments.class_means())).save(folder / "classes.jpg", quality=92, subsampling=0)


def class_sheet(means: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean images (classes, h, w, c) in one, ``columns = ceil(sqrt(classes))`` wide, row by row, on grey."""
    count, height, width, channels = means.shape
    columns = sheet_columns(count)
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height, width, channels), 128, np.float32)
    cells[:count] = means
    turned = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return turned.reshape(rows * height, columns * width, channels)


def sheet_columns(count: int) -> int:
    """How many cells a sheet of ``count`` pictures has in a row."""
    return max(1, math.ceil(math.sqrt(count)))


def _picture(values: NDArray[np.float32]) -> Image.Image:
    pixels = np.rint(values).clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
