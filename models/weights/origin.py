"""Where starting weights come from: an earlier model, a file, or torchvision. One reading for training and preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.training import checkpoint
from models.weights import zoo
from models.weights.files import read_file
from models.weights.matching import Shapes
from models.weights.options import StartOptions

IMAGENET_CLASSES = 1000
Normalisation = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of each channel, 0..1."""


@dataclass(frozen=True)
class Origin:
    """What to start from. ``checkpoints`` is the folder of an earlier model's checkpoints, ``checkpoint`` a name."""

    title: str
    checkpoints: Path | None = None
    checkpoint: str | None = None
    file: Path | None = None
    pretrained: str | None = None


@dataclass(frozen=True)
class About:
    """What is known of weights beside their numbers: ``shapes`` by name; the classes that they tell apart (names where
    they are known); how the images were prepared in training; and notes for the person."""

    title: str
    shapes: Shapes
    classes: tuple[str, ...] | None = None
    normalisation: Normalisation | None = None
    notes: tuple[str, ...] = ()


def origin_of(options: StartOptions, checkpoints: Path | None) -> Origin | None:
    """What the options start from; None: at random. ``checkpoints`` is the folder of the model ``start_from``."""
    if options.start_from and checkpoints is not None:
        return Origin(options.start_from, checkpoints=checkpoints, checkpoint=options.start_checkpoint)
    if options.weights_file:
        path = Path(options.weights_file)
        return Origin(path.name, file=path)
    if options.pretrained:
        return Origin(options.pretrained, pretrained=options.pretrained)
    return None


def about(origin: Origin) -> About:
    """What the weights are, without downloading any. Raises UserError naming the field."""
    if origin.pretrained is not None:
        return _about_pretrained(origin.pretrained)
    tensors, classes, notes = read(origin)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return About(origin.title, shapes, classes, None, notes)


def read(origin: Origin) -> tuple[dict[str, torch.Tensor], tuple[str, ...] | None, tuple[str, ...]]:
    """Tensors by name, the names of their classes, and notes; downloads where needed. Raises UserError."""
    if origin.pretrained is not None:
        return zoo.download(origin.pretrained), _about_pretrained(origin.pretrained).classes, ()
    if origin.file is not None:
        return read_file(origin.file), None, ()
    if origin.checkpoints is None:
        raise ValueError(f"{origin.title} names no place to read weights from")
    found = checkpoint.find(origin.checkpoints, origin.checkpoint)
    model = found.facts.get("model") or {}
    return checkpoint.read_tensors(found), tuple(model.get("classes", ())) or None, (_prepared(model),)


def _about_pretrained(name: str) -> About:
    entry, cached = zoo.entry_of(name), zoo.cached_file(name).exists()
    notes = () if cached else (f"They are downloaded from {entry.url} when training starts.",)
    return About(name, zoo.shapes(name), tuple(entry.meta["categories"]), zoo.normalisation(name), notes)


def _prepared(model: Any) -> str:
    """How the earlier model's images were prepared, so that a person can choose the same."""
    known = model.get("preprocessing") or {}
    mean = {"none": "nothing", "pixel": "the mean colour", "image": "the mean image", "imagenet": "ImageNet's mean"}
    return f"The earlier model subtracted {mean.get(str(known.get('mean')), 'an unknown mean')}."


def same_classes(own: Sequence[str] | None, given: Sequence[str] | None) -> bool:
    """Whether both tell the same classes apart; what is not known counts as the same."""
    return own is None or given is None or list(own) == list(given)
