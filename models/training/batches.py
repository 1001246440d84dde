"""Batches for the loop, from memory where the set fits, else read ahead from the database by threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from data.database import Split
from data.errors import UserError
from data.pipeline import usable_cores
from models.training.augment import Selection, take

Batch = tuple[torch.Tensor, torch.Tensor]
"""Images [n, h, w, c], uint8 or (augmented) float32 of 0..255; targets int64 [n], or shares float32 [n, classes]."""

Change = Callable[[torch.Tensor, torch.Tensor, int], Batch]
"""``change(pixels, labels, step)``: augmentation of a batch (models/training/augmenter.py)."""

MEMORY_SHARE = 0.25
"""Of the memory that is free when training starts; a set that needs more is read from the database every epoch."""
MEMORY_LIMIT = 4 << 30
CHUNK = 512


class MemoryImages:
    """A whole split as one uint8 tensor [n, height, width, c] on the device."""

    def __init__(
        self, pixels: torch.Tensor, labels: torch.Tensor, crop: int | None, change: Change | None = None
    ) -> None:
        self.pixels = pixels
        self.labels = labels
        self.crop = crop
        self.change = change

    def __len__(self) -> int:
        return len(self.labels)

    def numbers(self) -> NDArray[np.integer]:
        """The class number of every record [n]."""
        found: NDArray[np.integer] = self.labels.cpu().numpy()
        return found

    def batches(self, selections: Iterable[Selection]) -> Iterator[Batch]:
        """The selected records, batch after batch."""
        for selection in selections:
            numbers = torch.from_numpy(selection.numbers).to(self.labels.device)
            pixels, labels = take(self.pixels, selection, self.crop), self.labels.index_select(0, numbers)
            yield self.change(pixels, labels, selection.step) if self.change else (pixels, labels)


@dataclass(frozen=True)
class DatabaseImages:
    """A split too large for memory: threads read and decode some batches ahead of the loop."""

    split: Split
    crop: int | None
    device: torch.device
    threads: int
    change: Change | None = None

    def __len__(self) -> int:
        return len(self.split)

    def numbers(self) -> NDArray[np.integer]:
        """The class number of every record [n]."""
        return np.asarray(self.split.labels)

    def batches(self, selections: Iterable[Selection]) -> Iterator[Batch]:
        """The selected records, batch after batch, in order. Raises UserError where a record is damaged."""
        waiting: deque[tuple[int, Future[Batch]]] = deque()
        ahead = iter(selections)
        pool = ThreadPoolExecutor(self.threads, "read-ahead")

        def read_ahead(count: int) -> None:
            for selection in islice(ahead, count):
                waiting.append((selection.step, pool.submit(self._read, selection)))

        try:
            read_ahead(self.threads + 1)
            while waiting:
                step, reading = waiting.popleft()
                pixels, labels = (each.to(self.device, non_blocking=True) for each in reading.result())
                read_ahead(1)
                yield self.change(pixels, labels, step) if self.change else (pixels, labels)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, selection: Selection) -> Batch:
        pixels = torch.from_numpy(read(self.split, selection.numbers))
        here = Selection(np.arange(len(selection)), selection.tops, selection.lefts, selection.flips)
        images = take(pixels, here, self.crop)
        labels = torch.from_numpy(self.split.labels[selection.numbers].astype(np.int64))
        return (images.pin_memory(), labels.pin_memory()) if self.device.type == "cuda" else (images, labels)


Images = MemoryImages | DatabaseImages
Progress = tuple[int, int]
"""Records read so far, records in all."""


def load(
    split: Split, crop: int | None, device: torch.device, change: Change | None = None
) -> Generator[Progress, None, Images]:
    """Make the images of a split ready; yields its progress while it reads them into memory.

    ``change`` is what augmentation does to each batch. Raises UserError where a record is damaged.
    """
    threads = max(1, usable_cores() // 2 // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    if nbytes(split) > memory_budget(device):
        return DatabaseImages(split, crop, device, threads, change)
    pixels = np.empty((len(split), *split.shape), np.uint8)
    parts = [range(start, min(start + CHUNK, len(split))) for start in range(0, len(split), CHUNK)]
    with ThreadPoolExecutor(usable_cores(), "load") as pool:
        done = pool.map(lambda part: read(split, part, pixels[part.start : part.stop]), parts)
        for part, _ in zip(parts, done, strict=True):
            yield part.stop, len(split)
    labels = torch.from_numpy(np.asarray(split.labels, np.int64))
    return MemoryImages(torch.from_numpy(pixels).to(device), labels.to(device), crop, change)


def read(split: Split, numbers: Any, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Records of a split as ``Split.read`` gives them. Raises UserError where one is damaged."""
    try:
        return split.read(numbers, out)
    except ValueError as error:
        where = split.folder
        raise UserError(f"The dataset's files in {where} are damaged: {error}.", hint="Build it again.") from error


def nbytes(split: Split) -> int:
    """Bytes of all records of a split, decoded."""
    return len(split) * int(np.prod(split.shape))


def memory_budget(device: torch.device) -> int:
    """Bytes that a split may take on the device: a share of what is free, of which other jobs want some too."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_memory()
    sharers = 1 if device.type == "cuda" else int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # ranks of one machine
    return min(MEMORY_LIMIT, int(free * MEMORY_SHARE)) // sharers


def free_memory() -> int:
    """Bytes of memory that this process can still have: the machine's, or its container's if that is less."""
    free = int(psutil.virtual_memory().available)
    limit, used = (_number(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.current"))
    return free if limit is None or used is None else min(free, max(0, limit - used))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no control group of our own, or "max": no limit
        return None
