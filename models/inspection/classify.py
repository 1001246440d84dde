"""Classifying images with a trained model that stays loaded; the same preprocessing as in training."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from data.errors import UserError
from data.preparation import Preparation
from models.source_loader import load_network
from models.training.checkpoint import load_weights
from models.training.preprocessing import Preprocessing

KEEP_BYTES = 2 << 30  # weights of models that stay loaded
BATCH = 64


@dataclass(frozen=True)
class Loaded:
    """A model ready to answer."""

    network: nn.Module
    classes: list[str]
    preparation: Preparation
    preprocessing: Preprocessing
    bytes: int


_models: OrderedDict[tuple[str, int], Loaded] = OrderedDict()
_lock = threading.Lock()


def load_model(folder: Path, checkpoint: str) -> Loaded:
    """The model of a job folder at a checkpoint; the most recently used stay in memory. Raises UserError."""
    path = folder / "checkpoints" / f"{checkpoint}.safetensors"
    try:
        key = (str(path), path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise UserError(f"The checkpoint {checkpoint} is no longer on the disk.") from None
    with _lock:
        if key not in _models:
            _models[key] = _read(folder, path)
        _models.move_to_end(key)
        while len(_models) > 1 and sum(model.bytes for model in _models.values()) > KEEP_BYTES:
            _models.popitem(last=False)
        return _models[key]


def classify(params: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{folder, checkpoint, top, paths}`` and encoded images as blobs -> predictions and what the network saw (PNG).

    ``predictions`` holds for each image a list of {class, index, probability 0..1}, best first. Raises UserError for
    an image that cannot be read.
    """
    start = time.perf_counter()
    model = load_model(Path(params["folder"]), params["checkpoint"])
    images = [model.preparation.content(blob) for blob in blobs]
    images += [model.preparation.file(path) for path in params.get("paths", ())]
    top = min(int(params.get("top", 5)), len(model.classes))
    predictions: list[list[dict[str, Any]]] = []
    pictures: list[bytes] = []
    for first in range(0, len(images), BATCH):
        inputs = model.preprocessing.center(torch.from_numpy(np.stack(images[first : first + BATCH])))
        predictions += _named(probabilities(model, inputs), model.classes, top)
        if params.get("pictures", True):
            pictures += [_png(picture) for picture in model.preprocessing.visible(inputs)]
    return {"predictions": predictions, "seconds": time.perf_counter() - start}, pictures


@torch.inference_mode()
def probabilities(model: Loaded, inputs: Tensor) -> Tensor:
    """Softmax over the classes, float32 [n, classes]; outputs beyond the classes (a network made for more) are cut."""
    logits: Tensor = model.network(inputs)
    return logits.float()[:, : len(model.classes)].softmax(1)


def _read(folder: Path, weights: Path) -> Loaded:
    described = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))
    about = described["model"]
    shape = {key: int(about[key]) for key in ("channels", "height", "width")}
    network = load_network(described["source"], classes=len(about["classes"]), **shape)
    network.load_state_dict(load_weights(weights))
    network.eval().to(memory_format=torch.channels_last)
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    pre = about["preprocessing"]
    mean = torch.from_numpy(np.load(folder / "artifacts" / "mean.npy"))
    preprocessing = Preprocessing(pre["height"], pre["width"], mean, pre["crop"], pre["scale"])
    return Loaded(network, about["classes"], Preparation.of(pre), preprocessing, size)


def _named(chances: Tensor, classes: list[str], top: int) -> list[list[dict[str, Any]]]:
    values, indices = chances.topk(top, 1)
    return [
        [{"class": classes[i], "index": i, "probability": p} for p, i in zip(row, places, strict=True)]
        for row, places in zip(values.tolist(), indices.tolist(), strict=True)
    ]


def _png(picture: Tensor) -> bytes:
    pixels = picture.numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
