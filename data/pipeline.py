"""From files to records: chunks of images prepared by threads, results in the order asked, memory bounded."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels, encode, png
from data.errors import UserError
from data.files import read_file
from data.preparation import Preparation
from data.splits import Part

CHUNK = 20
TINY_CHUNK = 250
_TINY_SECONDS = 2e-4
"""Below this time an image, threads only fight for the interpreter's lock: one is faster than two."""
_UINT16_IMAGES = 257
"""So many uint8 values fit into a uint16 sum: 257 * 255 = 65,535."""


@dataclass(frozen=True)
class Recipe:
    """How each image of a dataset is made: preparation, encoding ("png", "jpg", "raw"), JPEG quality, seed of noise."""

    preparation: Preparation
    encoding: str
    quality: int
    seed: int


@dataclass
class Chunk:
    """Prepared images in order: value, or why there is none; the pixel sum of those that are; seconds used."""

    start: int
    values: list[bytes | UserError] = field(default_factory=list)
    total: NDArray[np.integer] | None = None
    seconds: float = 0.0


def prepare_part(part: Part, recipe: Recipe, with_sum: bool, threads: int) -> Iterator[Chunk]:
    """All images of a part, chunk by chunk in its order. Chunks adapt to how long an image takes; results do not."""
    speed = Speed()
    starts = _starts(len(part.rows), speed)

    def work(span: tuple[int, int]) -> Chunk:
        return prepare_chunk(part, span, recipe, with_sum)

    with ThreadPoolExecutor(threads, thread_name_prefix="prepare") as pool:
        waiting: deque[Future[Chunk]] = deque()
        try:
            while True:
                lookahead = 1 if speed.tiny else 2 * threads
                while len(waiting) < lookahead and (span := next(starts, None)):
                    waiting.append(pool.submit(work, span))
                if not waiting:
                    return
                chunk = waiting.popleft().result()
                speed.note(len(chunk.values), chunk.seconds)
                yield chunk
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def prepare_chunk(part: Part, span: tuple[int, int], recipe: Recipe, with_sum: bool) -> Chunk:
    """Read, prepare and encode the images ``span[0] .. span[1]-1`` of a part."""
    begin = time.perf_counter()
    chunk = Chunk(span[0])
    shape = (recipe.preparation.height, recipe.preparation.width, recipe.preparation.channels)
    total = np.zeros(shape, np.uint16 if span[1] - span[0] <= _UINT16_IMAGES else np.uint64)
    for position in range(*span):
        try:
            data = read_file(part.table[int(part.rows[position])])
            pixels = recipe.preparation.content(data, seed=_noise_seed(recipe.seed, position))
        except UserError as error:
            chunk.values.append(error)
            continue
        if with_sum:
            total += pixels
        chunk.values.append(_encoded(pixels, data, recipe))
    chunk.total = total if with_sum else None
    chunk.seconds = time.perf_counter() - begin
    return chunk


@dataclass
class Speed:
    """Seconds an image takes in its thread, smoothed; unknown at first."""

    seconds: float = 1.0

    @property
    def tiny(self) -> bool:
        """Whether images are so quick that one thread does best, with long chunks."""
        return self.seconds < _TINY_SECONDS

    def note(self, images: int, seconds: float) -> None:
        """Learn from a finished chunk."""
        self.seconds = seconds / max(1, images)


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0))


def _starts(count: int, speed: Speed) -> Iterator[tuple[int, int]]:
    """Spans of positions that cover ``0 .. count-1``, each as long as the speed at that moment suggests."""
    start = 0
    while start < count:
        stop = min(count, start + (TINY_CHUNK if speed.tiny else CHUNK))
        yield start, stop
        start = stop


def _encoded(pixels: Pixels, data: bytes, recipe: Recipe) -> bytes:
    """The record: a bare PNG of the right kind is stored as it is, all else is encoded."""
    if recipe.encoding == "png" and data.startswith(png.MAGIC):
        header = png.plain_header(data)
        height, width, channels = pixels.shape
        if header and header.bare and (header.width, header.height, header.channels) == (width, height, channels):
            return data
    return encode(pixels, recipe.encoding, recipe.quality)


def _noise_seed(seed: int, position: int) -> int:
    """A seed of its own for each image's noise."""
    return (seed << 32) + position
