"""The same images on the same maps at other checkpoints: how a layer came to tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.atlas.gather import as_kept, forward, judged
from models.atlas.kept import IMAGE, read_images
from models.atlas.maps import Places, read_basis, save
from models.atlas.units import Layer, peaks_of
from models.evaluation.images import ImageSet
from models.evaluation.stream import batch_size
from models.inspection.loaded import LoadedModel

MOST = 2000
"""Images that are followed: enough to see the classes part, few enough for a run of checkpoints."""
Event = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """A checkpoint by name, step and epoch."""

    name: str
    step: int
    epoch: float


def spread(moments: Sequence[Moment], count: int, last: str) -> list[Moment]:
    """At most ``count`` checkpoints, evenly spread over those up to and with the one called ``last``."""
    names = [moment.name for moment in moments]
    until = list(moments[: names.index(last) + 1]) if last in names else list(moments)
    if len(until) <= count:
        return until
    return [until[round(at)] for at in np.linspace(0, len(until) - 1, max(count, 2))]


def follow(
    folder: Path, layers: Sequence[Layer], images: ImageSet, moments: Sequence[Moment],
    load: Callable[[str], LoadedModel],
) -> Iterator[float]:  # fmt: skip
    """Write maps/<layer>.through.npz: places float32 [checkpoints, n, 2]; and maps/through.npz; yields the share done.

    The latter has ``numbers`` [n] of the images, ``predicted`` int32 [checkpoints, n], names, steps and epochs.
    """
    kept = read_images(folder / "kept")
    chosen = kept[:: max(1, -(-len(kept) // MOST))]
    bases = [read_basis(folder / "maps" / f"{index}.npz") for index in range(len(layers))]
    places: list[list[Places]] = [[] for _ in layers]
    answers: list[NDArray[Any]] = []
    for at, moment in enumerate(moments):
        rows, said = _look(load(moment.name), layers, images, chosen)
        answers.append(said["predicted"])
        for base, taken, values in zip(bases, places, rows, strict=True):
            taken.append(base.places(values))
        yield (at + 1) / len(moments)
    for index, taken in enumerate(places):
        save(folder / "maps" / f"{index}.through.npz", places=np.stack(taken))
    told = {
        "numbers": chosen["number"],
        "label": chosen["label"],
        "predicted": np.stack(answers),
        "names": np.array([moment.name for moment in moments]),
        "steps": np.array([moment.step for moment in moments]),
        "epochs": np.array([moment.epoch for moment in moments]),
    }
    save(folder / "maps" / "through.npz", **told)


@torch.no_grad()
def _look(
    model: LoadedModel, layers: Sequence[Layer], images: ImageSet, chosen: NDArray[Any]
) -> tuple[list[NDArray[np.float16]], NDArray[Any]]:
    """Peaks [n, units] of each layer for the chosen images, and IMAGE [n] with what the model says of them."""
    rows: list[list[NDArray[np.float16]]] = [[] for _ in layers]

    def watch(index: int) -> Any:
        layer = layers[index]

        def seen(values: torch.Tensor) -> torch.Tensor:
            maps = values.movedim(layer.site.axis, 1) if layer.site.axis != 1 else values
            rows[index].append(as_kept(peaks_of(maps).float()))
            return values

        return seen

    changes = {layer.site.name: watch(index) for index, layer in enumerate(layers)}
    said = [np.empty(0, IMAGE)]
    size = batch_size(images.shape, model.device)
    for first in range(0, len(chosen), size):
        part = chosen[first : first + size]
        loaded = [images.load(range(number, number + 1)) for number in part["number"].tolist()]
        output = forward(model, np.concatenate([one.pixels for one in loaded]), changes)
        said.append(judged(output, part["number"], part["label"]))
    return [np.concatenate(found) for found in rows], np.concatenate(said)
