"""Batches of uint8 records: from memory where the set fits, else read from LMDB by a thread that runs ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import numpy as np
import psutil
import torch
from torch import Tensor

from data.database import Split

MEMORY_SHARE = 0.4
"""Share of the free memory that a training set may take; a larger one is read while training."""

Batch = tuple[Tensor, Tensor]
"""uint8 [n, height, width, channels] and int64 [n]."""


class Records:
    """The records of one split on ``device``."""

    def __init__(self, split: Split, device: torch.device, *, budget: int | None = None) -> None:
        self.split = split
        self.device = device
        self.labels = torch.from_numpy(np.asarray(split.labels, np.int64)).to(device)
        size = len(split) * int(np.prod(split.shape))
        self.images = self._load() if size <= (_budget(device) if budget is None else budget) else None

    def __len__(self) -> int:
        return len(self.split)

    def epoch(self, batch: int, order: Tensor) -> Iterator[Batch]:
        """Batches of the records numbered by ``order`` (int64 [m]), the last one shorter."""
        parts = list(order.split(batch))  # type: ignore[no-untyped-call]
        if self.images is not None:
            images = self.images
            for part in parts:
                on_device = part.to(self.device)
                yield images[on_device], self.labels[on_device]
            return
        for part, read in zip(parts, _ahead(self.split, parts), strict=True):
            yield torch.from_numpy(read).to(self.device, non_blocking=True), self.labels[part.to(self.device)]

    def in_order(self, batch: int) -> Iterator[Batch]:
        """All records, first to last."""
        return self.epoch(batch, torch.arange(len(self)))

    def _load(self) -> Tensor:
        """Everything, read in pieces so that only one copy is ever held."""
        images = np.empty((len(self.split), *self.split.shape), np.uint8)
        for start in range(0, len(images), 4096):
            stop = min(start + 4096, len(images))
            self.split.read(np.arange(start, stop), images[start:stop])
        return torch.from_numpy(images).to(self.device)


def _budget(device: torch.device) -> int:
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    return int(free * MEMORY_SHARE)


def _ahead(
    split: Split, parts: list[Tensor], depth: int = 4
) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Read the parts on a thread, at most ``depth`` of them ahead; an error there is raised here."""
    ready: queue.Queue[object] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: object) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for part in parts:
                if stop.is_set():
                    return
                put(split.read(part.numpy()))
        except BaseException as error:  # noqa: BLE001 - raised in the consumer, whatever it is
            put(error)

    thread = threading.Thread(target=work, name="reader", daemon=True)
    thread.start()
    try:
        for _ in parts:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            assert isinstance(item, np.ndarray)  # noqa: S101 - tells the type checker
            yield item
    finally:
        stop.set()
        thread.join()
