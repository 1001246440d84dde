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
from data.source_facts import SourceFacts, facts_of, facts_table
from data.splits import Part

CHUNK = 20
TINY_CHUNK = 250
_LEAST = 4
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
    """Prepared images in order: their paths, the record or why there is none, and the pixel sum of the good ones.

    ``facts`` is what is known of each good image's file, one row each (data/source_facts.py).
    """

    start: int
    paths: list[str] = field(default_factory=list)
    values: list[bytes | UserError] = field(default_factory=list)
    facts: NDArray[np.uint64] | None = None
    total: NDArray[np.integer] | None = None
    good: int = 0
    seconds: float = 0.0


def prepare_part(part: Part, recipe: Recipe, with_sum: bool, threads: int) -> Iterator[Chunk]:
    """All images of a part, chunk by chunk in its order. Chunks adapt to how long an image takes; results do not."""
    speed = Speed()
    starts = _starts(len(part.rows), speed, threads)

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
    preparation = recipe.preparation
    shape = (preparation.height, preparation.width, preparation.channels)
    total = np.zeros(shape, np.uint16 if span[1] - span[0] <= _UINT16_IMAGES else np.uint64)
    chunk = Chunk(span[0], [part.table[row] for row in part.rows[slice(*span)].tolist()])
    facts: list[SourceFacts | bytes] = []
    for position, path in enumerate(chunk.paths, span[0]):
        try:
            pixels, value, known = prepare_one(path, recipe, _noise_seed(recipe.seed, position))
        except UserError as error:
            chunk.values.append(error)
            continue
        chunk.values.append(value)
        facts.append(known)
        chunk.good += 1
        if with_sum:
            total += pixels
    chunk.total = total if with_sum else None
    chunk.facts = facts_table(facts, preparation.width, preparation.height)
    chunk.seconds = time.perf_counter() - begin
    return chunk


def prepare_one(path: str, recipe: Recipe, noise_seed: int) -> tuple[Pixels, bytes, SourceFacts | bytes]:
    """The pixels, the record, and what is known of one file: its content itself where that is the record as it is.

    Raises UserError with reason and hint.
    """
    data = read_file(path)
    if recipe.encoding == "png" and (ready := _ready_png(data, recipe.preparation)) is not None:
        return ready, data, data
    pixels = recipe.preparation.content(data, seed=noise_seed)
    return pixels, encode(pixels, recipe.encoding, recipe.quality), facts_of(data)


def _ready_png(data: bytes, preparation: Preparation) -> Pixels | None:
    """The pixels of a PNG that can be stored as it is: right size and kind, undamaged, with no other chunks in it."""
    header = png.plain_header(data)
    if header is None or not header.bare:
        return None
    if header[:3] != (preparation.width, preparation.height, preparation.channels):
        return None
    return png.decode_plain(data, header, preparation.channels)


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


def _starts(count: int, speed: Speed, threads: int) -> Iterator[tuple[int, int]]:
    """Spans covering ``0 .. count-1``, as long as the speed suggests; shorter at the end, for all threads to finish."""
    start = 0
    while start < count:
        share = max(_LEAST, (count - start) // (2 * threads))
        stop = min(count, start + (TINY_CHUNK if speed.tiny else min(CHUNK, share)))
        yield start, stop
        start = stop


def _noise_seed(seed: int, position: int) -> int:
    """A seed of its own for each image's noise."""
    return (seed << 32) + position
