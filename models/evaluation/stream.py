"""The pass of a model over many images: batches are read ahead, run, and turned into records; memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from data.pipeline import usable_cores
from models.evaluation.ahead import ahead
from models.evaluation.images import ImageSet, Loaded
from models.evaluation.records import NONE, RESULT, TOP, Failure
from models.inspection.loaded import LoadedModel
from models.source_loader import naming_lines
from models.training.metrics import scores

PIXELS_AT_ONCE = 1 << 22
"""Values of a batch: 512 images of 28x28, 27 of 224x224 in colour. More does not make a CPU faster."""
GPU_PIXELS = 1 << 25


@dataclass(frozen=True)
class Judged:
    """A batch's records RESULT [n], probabilities float32 [n, classes] (0 where unreadable), and its failures."""

    records: NDArray[np.void]
    probabilities: NDArray[np.float32]
    failures: list[Failure]


def batch_size(shape: tuple[int, int, int], device: torch.device) -> int:
    """Images (height, width, channels) to run at once: 16 to 512 on a CPU, up to 2,048 on a GPU."""
    budget, most = (GPU_PIXELS, 2048) if device.type == "cuda" else (PIXELS_AT_ONCE, 512)
    return int(np.clip(budget // int(np.prod(shape)), 16, most))


def judge(model: LoadedModel, images: ImageSet, start: int, size: int) -> Iterator[Judged]:
    """All images from ``start`` on, in order, in batches of ``size``.

    On a CPU every core reads, prepares and judges batches of its own: threads that share one batch wait for each other
    at every layer, the more so beside busy neighbours. A GPU is given batches that threads have read ahead.
    """
    spans = [range(at, min(at + size, len(images))) for at in range(start, len(images), size)]

    def whole(span: range) -> Judged:
        loaded = images.load(span)
        return records_of(loaded, log_probabilities(model, loaded.pixels))

    with naming_lines(model.source):
        if model.device.type == "cpu":
            with one_thread_each():
                yield from ahead(whole, spans, usable_cores())
        else:
            for loaded in ahead(images.load, spans, max(1, usable_cores() // 2)):
                yield records_of(loaded, log_probabilities(model, loaded.pixels))


@contextmanager
def one_thread_each() -> Iterator[None]:
    """torch computes each operation with one thread, in this thread and in those started inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@torch.inference_mode()
def log_probabilities(model: LoadedModel, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Log of the class probabilities, float32 [n, classes], of uint8 [n, h, w, c]; in halves where a GPU is full."""
    classes = len(model.classes)
    if not len(pixels):
        return np.empty((0, classes), np.float32)
    try:
        there = torch.from_numpy(np.ascontiguousarray(pixels)).to(model.device)
        output = scores(model.network(model.normalise(there)), classes)
        found: NDArray[np.float32] = output.float().log_softmax(1).cpu().numpy()
        return found
    except torch.cuda.OutOfMemoryError:
        if len(pixels) == 1:
            raise
    torch.cuda.empty_cache()
    middle = len(pixels) // 2
    return np.concatenate([log_probabilities(model, part) for part in (pixels[:middle], pixels[middle:])])


def records_of(loaded: Loaded, logs: NDArray[np.float32]) -> Judged:
    """The records of a batch; ``logs`` are log-probabilities [good, classes] of the images that could be read."""
    count, good = len(loaded.labels), loaded.good
    records = np.zeros(count, RESULT)
    probabilities = np.zeros((count, logs.shape[1]), np.float32)
    probabilities[good] = np.exp(logs)
    records["label"], records["predicted"], records["rank"] = loaded.labels, NONE, NONE
    records["truth"] = records["loss"] = np.nan
    records["top"], records["probability"] = NONE, 0
    if good.any():
        _fill(records, good, logs, probabilities)
        records["brightness"][good], records["contrast"][good] = light(loaded.pixels)
    return Judged(records, probabilities, loaded.failures)


def _fill(
    records: NDArray[np.void], good: NDArray[np.bool_], logs: NDArray[np.float32], probabilities: NDArray[np.float32]
) -> None:
    top = min(TOP, logs.shape[1])
    order = likeliest(logs, top)
    rows = np.flatnonzero(good)
    records["predicted"][rows] = order[:, 0]
    records["confidence"][rows] = probabilities[rows, order[:, 0]]
    padded = np.full((len(rows), TOP), NONE, np.int32)
    padded[:, :top] = order
    records["top"][rows] = padded
    values = np.zeros((len(rows), TOP), np.float32)
    values[:, :top] = np.take_along_axis(probabilities[rows], order, 1)
    records["probability"][rows] = values
    known = records["label"][rows] != NONE
    labelled, classes = rows[known], records["label"][rows[known]]
    own = logs[known, classes][:, None]
    before = (logs[known] > own) | ((logs[known] == own) & (np.arange(logs.shape[1]) < classes[:, None]))
    records["rank"][labelled] = before.sum(1)
    records["truth"][labelled] = probabilities[labelled, classes]
    records["loss"][labelled] = -own[:, 0]


def likeliest(logs: NDArray[np.float32], top: int) -> NDArray[np.int64]:
    """The ``top`` highest of each row [n, classes], best first; the lowest number first among equals."""
    order: NDArray[np.int64] = np.argsort(-logs, 1, kind="stable")[:, :top]
    return order


def light(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of the pixels of each image [n, h, w, c], of values 0..1."""
    flat = pixels.reshape(len(pixels), -1)
    mean = flat.mean(1, dtype=np.float32)
    squares = np.einsum("ij,ij->i", flat, flat, dtype=np.float32, casting="unsafe")
    spread = np.sqrt(np.maximum(squares / flat.shape[1] - mean**2, 0))
    return mean / 255, spread / np.float32(255)
