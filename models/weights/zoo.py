"""Pretrained weights of torchvision: what they are is known without a file, the file is downloaded when needed.

torchvision is imported when somebody asks for its weights: it brings torch._dynamo in, which takes as long as torch.
"""

from __future__ import annotations

import urllib.error
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from data.errors import UserError
from models.weights.files import first_line
from models.weights.matching import Shapes


@lru_cache(maxsize=1)
def catalogue() -> dict[str, str]:
    """Every name of weights for image classification, such as ResNet18_Weights.IMAGENET1K_V1 -> its network."""
    import torchvision.models as zoo

    found: dict[str, str] = {}
    for network in zoo.list_models(module=zoo):
        for entry in zoo.get_model_weights(network):
            if "num_classes" in entry.meta or "categories" in entry.meta:
                found.setdefault(str(entry), network)
    return found


def entry_of(name: str) -> Any:
    """torchvision's entry of that name. Raises UserError(field="pretrained") naming similar ones."""
    if name not in catalogue():
        near = ", ".join(get_close_matches(name, catalogue(), 4, 0.0))
        raise UserError(f"torchvision has no weights {name}; it has, among others, {near}.", field="pretrained")
    from torchvision.models import get_weight

    return get_weight(name)


def shapes(name: str) -> Shapes:
    """The tensors' shapes, without downloading anything: torchvision's own network says them."""
    import torchvision.models as zoo

    entry = entry_of(name)
    more: dict[str, Any] = {"init_weights": False} if catalogue()[name] in ("googlenet", "inception_v3") else {}
    with torch.device("meta"):
        network = zoo.get_model(catalogue()[name], weights=None, num_classes=len(entry.meta["categories"]), **more)
    return {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}


def normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and standard deviation (0..1, RGB) that the images had in training; None where torchvision does not say."""
    prepare = entry_of(name).transforms()
    mean, deviation = getattr(prepare, "mean", None), getattr(prepare, "std", None)
    return (tuple(mean), tuple(deviation)) if mean and deviation else None


def cached_file(name: str) -> Path:
    """Where the file lies, or would lie, on this machine: torch's own cache."""
    folder: str = torch.hub.get_dir()
    return Path(folder) / "checkpoints" / str(entry_of(name).url).rsplit("/", 1)[-1]


def download(name: str) -> dict[str, torch.Tensor]:
    """The tensors, from the cache or the internet, their checksum compared. Raises UserError in words."""
    entry, place = entry_of(name), cached_file(name)
    try:
        tensors: dict[str, torch.Tensor] = torch.hub.load_state_dict_from_url(
            entry.url, map_location="cpu", progress=False, check_hash=True, weights_only=True
        )
    except (OSError, urllib.error.URLError) as error:
        raise UserError(
            f"The weights {name} could not be downloaded from {entry.url}: {first_line(error)}.",
            field="pretrained",
            hint=f"Where the machine has no internet, put the file there by hand as {place}, or upload it.",
        ) from error
    except RuntimeError as error:
        place.unlink(missing_ok=True)
        raise UserError(
            f"The download of {name} is damaged and was thrown away: {first_line(error)}.",
            field="pretrained",
            hint="Try again.",
        ) from error
    return tensors
