"""Trained models that stay loaded, the least recently used leaving when they take too much memory. Thread-safe."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from models.preprocessing import Normaliser, Preprocessing
from models.source_loader import load_network
from models.training import checkpoint

KEEP_BYTES = 2 << 30
"""Weights of all models that stay loaded; the one just asked for stays in any case."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode on ``device``, and how pictures are prepared for it."""

    network: nn.Module
    source: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    normalise: Normaliser
    device: torch.device
    checkpoint: str
    bytes: int


Key = tuple[str, int]
"""Path of the weights, and when they were last written: a checkpoint that was replaced is read anew."""


class Models:
    """The models by checkpoint; ``read`` makes one, ``keep`` is how many bytes of weights stay."""

    def __init__(self, read: Callable[[checkpoint.Checkpoint], LoadedModel], keep: int = KEEP_BYTES) -> None:
        self._read = read
        self._keep = keep
        self._lock = threading.Lock()
        self._reading: dict[Key, threading.Lock] = {}
        self._models: OrderedDict[Key, LoadedModel] = OrderedDict()

    def get(self, folder: Path, name: str | None = None) -> LoadedModel:
        """The model of a job folder at a checkpoint (by name or epoch; None: the last). Raises UserError."""
        found = _named(folder / "checkpoints", name)
        key = (str(found.weights), found.weights.stat().st_mtime_ns if found.weights.exists() else 0)
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:  # two requests for one model read it once; other models are not held up
            with self._lock:
                if key in self._models:
                    self._models.move_to_end(key)
                    return self._models[key]
            model = self._read(found)
            with self._lock:
                self._models[key] = model
                self._reading.pop(key, None)
                while len(self._models) > 1 and sum(m.bytes for m in self._models.values()) > self._keep:
                    self._models.popitem(last=False)
        return model


def read_model(found: checkpoint.Checkpoint) -> LoadedModel:
    """Build the network from the checkpoint's own description and fill it. Raises UserError."""
    about = found.facts["model"]
    classes = tuple(about["classes"])
    shape = {key: int(about[key]) for key in ("channels", "height", "width")}
    network = load_network(found.facts["source"], classes=len(classes), **shape)
    checkpoint.read_weights(found, network)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    preprocessing = Preprocessing.load(about["preprocessing"], found.folder.parent / "artifacts")
    return LoadedModel(
        network=network,
        source=found.facts["source"],
        classes=classes,
        preprocessing=preprocessing,
        normalise=preprocessing.normaliser(device),
        device=device,
        checkpoint=found.name,
        bytes=sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values()),
    )


def _named(folder: Path, name: str | None) -> checkpoint.Checkpoint:
    """By its exact name without reading the others (there may be hundreds), else by search."""
    path = folder / f"{name}.json"
    return (
        checkpoint.read(path) if name and Path(name).name == name and path.exists() else checkpoint.find(folder, name)
    )


models = Models(read_model)
