"""How every image of a dataset is prepared; training, the explorer and inference all use this one definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from data.codecs import Pixels, decode
from data.files import read_file
from data.placement import Placement, Size
from data.resize import Resampler, fit, paste, torch_resampler
from data.transforms import find_resize_mode

NOISE = "noise"


@dataclass(frozen=True)
class Preparation:
    """Target ``width`` x ``height`` with ``channels`` (1 or 3), a resize mode, and what fills the room it leaves.

    ``fill`` is "noise" (uniform over 0..255, by ``seed`` of each call) or a colour "#rrggbb". ``decoding`` "fast" lets
    libjpeg leave out detail of large JPEGs that scaling would smooth away: see docs/preparing.md for what it changes.
    """

    width: int
    height: int
    channels: int
    resize_mode: str = "squash"
    fill: str = NOISE
    decoding: str = "exact"

    @property
    def target(self) -> Size:
        """The size of every record."""
        return Size(self.width, self.height)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Preparation:
        """From any mapping that has these keys among others: dataset options, a manifest, a model's preprocessing."""
        return cls(**{key: values[key] for key in cls.__dataclass_fields__ if key in values})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``of`` gives it back."""
        return asdict(self)

    def file(self, path: str | Path, *, seed: int = 0) -> Pixels:
        """Read, decode and prepare one file. Raises UserError with reason and hint."""
        return self.content(read_file(path), seed=seed)

    def content(self, data: bytes, *, seed: int = 0, resample: Resampler = torch_resampler) -> Pixels:
        """Decode and prepare the content of an image file. Raises UserError with reason and hint."""
        if self.decoding == "exact":
            return self.pixels(decode(data, self.channels), seed=seed, resample=resample)
        placements: list[Placement] = []

        def least(source: Size) -> Size:
            placements.append(self.place(source))
            return placements[-1].scaled

        pixels = decode(data, self.channels, least)
        placement = placements[-1] if placements else self.place(_size(pixels))
        return self.fitted(pixels, placement, seed=seed, resample=resample)

    def pixels(self, pixels: Pixels, *, seed: int = 0, resample: Resampler = torch_resampler) -> Pixels:
        """Prepare decoded pixels: always (height, width, channels) uint8. Raises UserError where the mode refuses."""
        return self.fitted(pixels, self.place(_size(pixels)), seed=seed, resample=resample)

    def place(self, source: Size) -> Placement:
        """Where a picture of this size goes in the frame. Raises UserError where the mode does not take it."""
        return _placed(self.resize_mode, source, self.target)

    def fitted(
        self, pixels: Pixels, placement: Placement, *, seed: int = 0, resample: Resampler = torch_resampler
    ) -> Pixels:
        """Put pixels where :meth:`place` says; they may be a smaller copy of the picture that was placed."""
        picture = fit(pixels, placement, resample)
        if placement.covers(self.target):
            return picture
        frame = np.empty((self.height, self.width, self.channels), np.uint8)
        self._fill(frame, placement, seed)
        return paste(picture, placement, frame)

    def _fill(self, frame: Pixels, placement: Placement, seed: int) -> None:
        """Noise or the colour for the room that the picture leaves: above and below it, then left and right."""
        left, top = placement.paste
        right, bottom = left + placement.crop.size.width, top + placement.crop.size.height
        room = (frame[:top], frame[bottom:], frame[top:bottom, :left], frame[top:bottom, right:])
        colour, noise = self._colour(), np.random.default_rng(seed)
        for part in room:
            if colour is not None:
                part[...] = colour
            elif part.size:
                part[...] = np.frombuffer(noise.bytes(part.size), np.uint8).reshape(part.shape)

    def _colour(self) -> int | tuple[int, ...] | None:
        """What fills the room; None for noise."""
        if self.fill == NOISE:
            return None
        red, green, blue = (int(self.fill[at : at + 2], 16) for at in (1, 3, 5))
        return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16 if self.channels == 1 else (red, green, blue)


@lru_cache(maxsize=4096)
def _placed(mode: str, source: Size, target: Size) -> Placement:
    """Worked out once for each size of picture: for small ones it would take as long as decoding them."""
    return find_resize_mode(mode).place(source, target)


def _size(pixels: Pixels) -> Size:
    return Size(pixels.shape[1], pixels.shape[0])
