"""What requests about the inside of a model share: the model, its layers, the image as it is given, the target."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch

from data.codecs import Pixels
from data.errors import UserError
from data.files import read_file
from data.options import parse
from models.attribution.method import Method, methods
from models.attribution.passes import Subject, list_sites
from models.attribution.sites import Site
from models.attribution.targets import Target
from models.inspection.loaded import LoadedModel, models
from models.source_loader import naming_lines

Params = Mapping[str, Any]
Answer = tuple[dict[str, Any], list[bytes]]

_known: WeakKeyDictionary[torch.nn.Module, dict[str, Any]] = WeakKeyDictionary()
_lock = threading.Lock()


def model_of(params: Params) -> LoadedModel:
    """The model of ``folder`` at ``checkpoint``. Raises UserError."""
    return models.get(Path(params["folder"]), params.get("checkpoint"))


def cache_of(model: LoadedModel) -> dict[str, Any]:
    """What is remembered about a loaded network: its layers, its fusions."""
    with _lock:
        return _known.setdefault(model.network, {})


def sites_of(model: LoadedModel) -> list[Site]:
    """Every layer and function of the network, in the order of its forward pass. Raises UserError."""
    cache = cache_of(model)
    if "sites" not in cache:
        with naming_lines(model.source):
            cache["sites"] = list_sites(model.network, pixels_to_input(model, _grey(model)))
    found: list[Site] = cache["sites"]
    if not found:
        raise UserError("This network runs as compiled code, so its layers cannot be seen.")
    return found


def site_of(model: LoadedModel, name: str) -> Site:
    """One layer by its name. Raises UserError."""
    found = next((site for site in sites_of(model) if site.name == name), None)
    if found is None:
        raise UserError(f"This model has no layer {name}.", field="layer", hint="See the list of its layers.")
    return found


def image_of(params: Params, blobs: list[bytes], model: LoadedModel) -> Pixels:
    """The image of a request (its first blob, or the file ``path``) as the network sees it. Raises UserError."""
    content = blobs[0] if blobs else read_file(Path(params["path"]))
    return model.preprocessing.pixels(content)


def pixels_to_input(model: LoadedModel, pixels: Pixels) -> torch.Tensor:
    """uint8 [h, w, c] as the network is given it, float32 [1, c, h, w]."""
    return model.normalise(torch.from_numpy(pixels)[None].to(model.device)).float()


def bounds(model: LoadedModel) -> tuple[torch.Tensor, torch.Tensor]:
    """Black and white as the network is given them."""
    shape = (1, *model.preprocessing.shape)
    levels = (torch.full(shape, level, dtype=torch.uint8, device=model.device) for level in (0, 255))
    low, high = (model.normalise(level).float() for level in levels)
    return low, high


def subject_of(model: LoadedModel, pixels: Pixels, target: Target, deadline: float | None = None) -> Subject:
    """What attribution methods are given. ``blank`` is the mean image (zero after subtraction), or black."""
    image = pixels_to_input(model, pixels)
    low, high = bounds(model)
    blank = torch.zeros_like(image) if model.preprocessing.mean != "none" else low
    check = until(deadline) if deadline else None
    return Subject(model.network, image, target, low, high, blank, check, cache_of(model))


def until(seconds: float) -> Any:
    """A check that raises UserError once ``seconds`` have passed."""
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise UserError(f"This took longer than {seconds:g} s and was stopped.", hint="Try fewer steps.")

    return check


def method_of(name: str, options: Params) -> tuple[Method, Any]:
    """A method and its checked options. Raises UserError, InvalidOptions."""
    if name not in methods:
        raise UserError(f"There is no method {name}; there are {', '.join(methods.names())}.", field="method")
    return methods[name], parse(methods[name].options, options)


def weights_hash(model: LoadedModel) -> str:
    """Changes when any weight does; 16 hexadecimal digits."""
    cache = cache_of(model)
    if "hash" not in cache:
        digest = hashlib.sha256(model.source.encode())
        for name, value in sorted(model.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        cache["hash"] = digest.hexdigest()[:16]
    return str(cache["hash"])


def _grey(model: LoadedModel) -> Pixels:
    import numpy as np

    return np.full(model.preprocessing.shape, 128, np.uint8)
