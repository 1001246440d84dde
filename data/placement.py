"""Where a picture goes in a frame of fixed size: the pure result of a resize mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple


class Size(NamedTuple):
    """Pixels across and down; both at least 1."""

    width: int
    height: int


class Box(NamedTuple):
    """A rectangle in pixels: left and top are inside, right and bottom outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        """Width and height of the rectangle."""
        return Size(self.right - self.left, self.bottom - self.top)


@dataclass(frozen=True)
class Placement:
    """Scale the whole source to ``scaled``, cut out ``crop``, put it at ``paste`` (left, top); the rest is filled."""

    scaled: Size
    crop: Box
    paste: tuple[int, int]

    def covers(self, target: Size) -> bool:
        """Whether nothing is left to fill."""
        return self.crop.size == target


def placed(scaled: Size, target: Size, half: Callable[[float], int] = ceil) -> Placement:
    """Centre a scaled picture in the target: cut where it is too long, leave room where it is too short.

    ``half`` rounds half of an odd cut, which is taken from the left or top: up as DIGITS does (Python 2 rounds halves
    away from zero), unless another rule is given.
    """
    cut_x, cut_y = max(0, scaled.width - target.width), max(0, scaled.height - target.height)
    left, top = half(cut_x / 2), half(cut_y / 2)
    crop = Box(left, top, left + min(scaled.width, target.width), top + min(scaled.height, target.height))
    room_x, room_y = target.width - crop.size.width, target.height - crop.size.height
    return Placement(scaled, crop, (room_x // 2, room_y // 2))


def scale(source: Size, ratio: float) -> Size:
    """The source divided by ``ratio``, rounded half up, never below one pixel."""
    return Size(max(1, int(source.width / ratio + 0.5)), max(1, int(source.height / ratio + 0.5)))


def even_room(length: int, target: int) -> int:
    """A scaled side of at most ``target``, one pixel longer where that halves the room beside it evenly (as DIGITS)."""
    length = min(length, target)
    return length + (target - length) % 2
