"""How sure a measured share is: Wilson's score interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def wilson(hits: Any, count: Any, z: float = Z95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bound (0..1) of the share ``hits / count``, NaN where ``count`` is 0.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference (JASA 22, 1927).
    """
    hits, count = np.asarray(hits, np.float64), np.asarray(count, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (hits + z * z / 2) / (count + z * z)
        reach = z * np.sqrt(hits * (count - hits) / count + z * z / 4) / (count + z * z)
    return np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)
