"""A colour for each class: the first eight can be told apart by nearly everybody, the rest are spread over the hues."""

from __future__ import annotations

import colorsys

_FIRST = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999")
"""Okabe and Ito, "Color universal design" (2008), without black."""
_GOLDEN_ANGLE = 0.61803398875


def class_colours(count: int) -> list[str]:
    """``count`` colours "#rrggbb"; the same for the same place in every dataset."""
    return [_FIRST[number] if number < len(_FIRST) else _spread(number) for number in range(count)]


def _spread(number: int) -> str:
    """Hues a golden angle apart, in three levels of lightness."""
    lightness = (0.45, 0.62, 0.3)[number % 3]
    parts = colorsys.hls_to_rgb(number * _GOLDEN_ANGLE % 1.0, lightness, 0.75)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
