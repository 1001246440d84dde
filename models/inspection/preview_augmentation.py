"""Images of a dataset as a network would see them in training: several draws of each, by the code that trains."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.database import Dataset, Split, open_dataset
from data.options import parse
from data.placement import Size
from data.sheets import fitted, sheet, thumb
from models.augment_options import AugmentOptions, check_augmentation
from models.preprocessing import input_size
from models.training.augment import Cut, Selection, take
from models.training.augment_warp import Frame
from models.training.augmenter import make_augmenter

SMALLEST_SHARE = 0.005


def preview_augmentation(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{dataset, options, crop, images, draws, draw, cell}`` -> a row for each image, and one JPEG with all pictures.

    ``dataset`` is the folder of a finished one, ``options`` are AugmentOptions, ``draw`` chooses images and chance.
    A row is {index, class, cells: [[{class, share}]]}, a cell for each draw; the sheet shows the record first, then the
    draws. Raises UserError where options do not fit, or the dataset cannot be read.
    """
    dataset = _dataset(str(params["dataset"]))
    options = parse(AugmentOptions, params["options"])
    crop = int(params["crop"]) if params.get("crop") else None
    height, width = input_size(dataset.height, dataset.width, crop)
    check_augmentation(options, height, width)
    split, draw = dataset.split("train"), int(params["draw"])
    numbers = some_records(split, len(dataset.classes), int(params["images"]), draw)
    pixels, labels = split.read(numbers), np.asarray(split.labels)[numbers].astype(np.int64)
    seen = [_seen(dataset, options, crop, pixels, labels, (draw, step)) for step in range(int(params["draws"]))]
    cell = int(params["cell"])
    pictures = [[thumb(image, cell), *(thumb(each[row], cell) for each, _ in seen)] for row, image in enumerate(pixels)]
    rows = []
    for row, number in enumerate(numbers):
        cells = [_shares(targets[row], dataset.classes) for _, targets in seen]
        rows.append({"index": number, "class": dataset.classes[labels[row]], "cells": cells})
    sizes = {"record": fitted(Size(dataset.width, dataset.height), cell), "thumb": fitted(Size(width, height), cell)}
    answer = {"cell": cell, "width": width, "height": height, "rows": rows}
    return {**answer, **{name: list(size) for name, size in sizes.items()}}, [sheet(pictures, cell)]


def some_records(split: Split, classes: int, count: int, draw: int) -> list[int]:
    """Record numbers of as many different classes as there are, the same for the same ``draw``."""
    chance = np.random.default_rng(draw)
    having = [cls for cls in chance.permutation(classes).tolist() if split.count(cls)]
    chosen: list[int] = []
    for turn in range(min(count, len(split))):
        cls = having[turn % len(having)]
        chosen += split.page(int(chance.integers(split.count(cls))), 1, cls)
    return chosen


def _seen(
    dataset: Dataset,
    options: AugmentOptions,
    crop: int | None,
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    chance: tuple[int, int],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The images of one draw uint8 [n, h, w, c], and the share of each class float32 [n, classes]."""
    seed, step = chance
    size = (dataset.height, dataset.width)
    frame = Frame(size, input_size(*size, crop))
    window = None if options.warps else crop
    drawn = Cut(*size, window).random(len(pixels), seed, step, flip=options.flip)
    selection = Selection(np.arange(len(pixels)), drawn.tops, drawn.lefts, drawn.flips, step)
    images, targets = take(torch.from_numpy(pixels.copy()), selection, window), torch.from_numpy(labels)
    if change := make_augmenter(options, frame, len(dataset.classes), seed):
        images, targets = change(images, targets, step)
    shares = targets if targets.ndim > 1 else torch.nn.functional.one_hot(targets, len(dataset.classes))
    return images.float().round().clamp(0, 255).to(torch.uint8).numpy(), shares.float().numpy()


def _shares(target: NDArray[np.float32], classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """The classes of a target with their shares, largest first."""
    order = np.argsort(-target, kind="stable")[:2]
    return [{"class": classes[i], "share": float(target[i])} for i in order if target[i] >= SMALLEST_SHARE]


@lru_cache(maxsize=4)
def _dataset(folder: str) -> Dataset:
    """Kept open: a preview is asked for with every change of the form. A finished dataset never changes."""
    return open_dataset(Path(folder))
