"""Classifying images with a trained model that stays loaded; the same preprocessing as in training."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.codecs import Pixels, encode
from data.errors import UserError
from data.files import read_file
from data.pipeline import usable_cores
from models.inspection.loaded import LoadedModel, models
from models.source_loader import naming_lines
from models.training.metrics import scores

BATCH = 64
Image = bytes | Path


def classify(params: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{folder, checkpoint or null, top, paths, pictures, tolerant}`` and encoded images as blobs -> their classes.

    ``predictions`` holds for each image (blobs first, then paths) a list of {class, index, probability 0..1}, best
    first. The blobs of the answer are PNGs of what the network saw, unless ``pictures`` is false. An image that cannot
    be read ends the request in a UserError naming it; where ``tolerant`` its prediction and its PNG are empty instead,
    and ``errors`` holds {index, message, hint} of it.
    """
    start = time.perf_counter()
    model = models.get(Path(params["folder"]), params.get("checkpoint"))
    images: list[Image] = [*blobs, *map(Path, params.get("paths") or ())]
    top = max(1, min(int(params.get("top", 5)), len(model.classes)))
    predictions: list[list[dict[str, Any]]] = []
    pictures: list[bytes] = []
    errors: list[dict[str, Any]] = []
    tolerant = bool(params.get("tolerant"))
    for first in range(0, len(images), BATCH):
        seen = prepare(model, images[first : first + BATCH], first, len(images), errors if tolerant else None)
        good = [picture for picture in seen if picture is not None]
        answers = iter(best(logits(model, np.stack(good)).softmax(1), model.classes, top) if good else [])
        predictions += [[] if picture is None else next(answers) for picture in seen]
        if params.get("pictures", True):
            pictures += [b"" if picture is None else encode(picture, "png") for picture in seen]
    seconds = time.perf_counter() - start
    errors.sort(key=lambda error: int(error["index"]))
    known = {"predictions": predictions, "seconds": seconds, "checkpoint": model.checkpoint, "errors": errors}
    return known, pictures


def prepare(
    model: LoadedModel, images: Sequence[Image], first: int, total: int, errors: list[dict[str, Any]] | None = None
) -> list[Pixels | None]:
    """What the network sees of each image, uint8 [h, w, c]; many images on all cores.

    Raises UserError saying which one fails, or adds it to ``errors`` where that is given, with None in its place.
    """

    def one(number: int, image: Image) -> Pixels | None:
        try:
            content = image if isinstance(image, bytes) else read_file(image)
            return model.preprocessing.pixels(content)
        except UserError as error:
            if errors is not None:
                errors.append({"index": number, "message": error.message, "hint": error.hint})
                return None
            name = image.name if isinstance(image, Path) else f"image {number + 1} of {total}"
            if total == 1 and isinstance(image, bytes):
                raise
            raise UserError(f"{name}: {error.message}", field=error.field, hint=error.hint) from error

    if len(images) == 1:
        return [one(first, images[0])]
    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(one, range(first, first + len(images)), images))


@torch.inference_mode()
def logits(model: LoadedModel, pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Class scores before the softmax, float32 [n, classes] on the CPU, of uint8 [n, h, w, c]."""
    with naming_lines(model.source):
        output = model.network(model.normalise(torch.from_numpy(pixels).to(model.device)))
    return scores(output, len(model.classes)).float().cpu()


def best(probabilities: torch.Tensor, classes: Sequence[str], top: int) -> list[list[dict[str, Any]]]:
    """For each row of [n, classes] the ``top`` classes, best first."""
    values, indices = probabilities.topk(top, 1)
    return [
        [
            {"class": classes[index], "index": index, "probability": value}
            for value, index in zip(row, order, strict=True)
        ]
        for row, order in zip(values.tolist(), indices.tolist(), strict=True)
    ]
