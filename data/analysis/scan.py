"""Reading all records of a split once, with threads: measures one by one, moments of all, and a sample of pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from data.analysis.measure import KINDS, LOOK, Measures, measure
from data.analysis.moments import Moments, shrink
from data.codecs import Pixels
from data.database import Split

BATCH_BYTES = 800_000
"""Pixels of a batch: what is computed from them then stays in the processor's cache."""
BATCH_MOST = 250
TINY_BYTES = 4096
"""Pixels of a record below which threads only fight for the interpreter's lock: one is faster than two."""
SAMPLE_SIZE = 12
COMMON_SIDE = 128
"""Pictures that have sizes of their own (boxes, masks) are added up at this many pixels a side."""


@dataclass
class Scanned:
    """What reading a split gave: measures by column name, sums, and small pictures of the first records."""

    columns: dict[str, NDArray[np.generic]]
    moments: Moments
    sample: Pixels
    looks: NDArray[np.int8]


@dataclass
class _Batch:
    start: int
    images: Pixels
    measures: Measures


@dataclass
class Scan:
    """One pass over a split; iterate :meth:`run` for the number of records done, then take ``result``.

    The first ``kept`` records are kept small for the map of the set; they are in random order, so the first will do.
    """

    split: Split
    classes: int
    threads: int
    kept: int
    columns: dict[str, NDArray[np.generic]] = field(init=False)
    moments: Moments = field(init=False)

    def __post_init__(self) -> None:
        self.columns = {name: np.zeros(len(self.split), kind) for name, kind in KINDS.items()}
        self.shape = self.split.shape if self.split.shape[0] else (COMMON_SIDE, COMMON_SIDE, self.split.shape[2])
        self.moments = Moments(self.shape, self.classes)
        self.looks = np.zeros((len(self.split), LOOK * LOOK), np.int8)
        height, width, channels = self.shape
        size = (min(SAMPLE_SIZE, height), min(SAMPLE_SIZE, width))
        self.sample: Pixels = np.zeros((min(self.kept, len(self.split)), *size, channels), np.uint8)

    def run(self) -> Iterator[int]:
        """Yield how many records were read since the last time. Raises ValueError for a damaged record."""
        height, width, channels = self.shape
        size = int(np.clip(BATCH_BYTES // (height * width * channels), 1, BATCH_MOST))
        starts = range(0, len(self.split), size)
        if height * width * channels < TINY_BYTES:
            for first in starts:
                yield self._take(self._read(first, min(first + size, len(self.split))))
            return
        with ThreadPoolExecutor(self.threads, thread_name_prefix="analyse") as pool:
            waiting: deque[Future[_Batch]] = deque()
            try:
                for start in chain(starts, [None] * (2 * self.threads)):
                    if start is not None:
                        waiting.append(pool.submit(self._read, start, min(start + size, len(self.split))))
                    if waiting and (start is None or len(waiting) > 2 * self.threads):
                        yield self._take(waiting.popleft().result())
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    @property
    def result(self) -> Scanned:
        """What was found; whole only after :meth:`run`."""
        return Scanned(self.columns, self.moments, self.sample, self.looks)

    def _read(self, start: int, stop: int) -> _Batch:
        if self.split.shape[0]:
            images = self.split.read(range(start, stop))
            return _Batch(start, images, measure(images))
        found, small = [], []
        for number in range(start, stop):  # one by one: such pictures may be large
            image = self.split.image(number)[None]
            found.append(measure(image))
            small.append(shrink(image, self.shape[:2]))
        measures = Measures(*map(np.concatenate, zip(*found, strict=True)))
        return _Batch(start, np.concatenate(small), measures)

    def _take(self, batch: _Batch) -> int:
        stop = batch.start + len(batch.images)
        for name, column in self.columns.items():
            column[batch.start : stop] = getattr(batch.measures, name)
        self.looks[batch.start : stop] = batch.measures.look
        self.moments.add(batch.images, np.asarray(self.split.labels[batch.start : stop]))
        if batch.start < len(self.sample):
            part = batch.images[: len(self.sample) - batch.start]
            self.sample[batch.start : batch.start + len(part)] = shrink(part, self.sample.shape[1:3])
        return len(batch.images)
