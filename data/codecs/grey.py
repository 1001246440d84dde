"""RGB to grey with the weights of ITU-R 601, bit for bit as Pillow's convert("L")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from data.codecs import Pixels


def to_grey(rgb: Pixels) -> Pixels:
    """uint8 (h, w, 3) to (h, w, 1): (19595 R + 38470 G + 7471 B + 32768) >> 16."""
    return np.array(Image.fromarray(rgb).convert("L"))[..., None]
