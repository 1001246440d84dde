"""Builds an atlas in one streamed pass over a split; memory does not grow with the number of images.

A worker that was killed is followed by one that goes on from the state saved last; the result is the same. What is
asked of a finished atlas later (models/atlas/wishes.py) is done without another pass.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from data.database import Dataset
from data.errors import UserError
from data.pipeline import usable_cores
from data.whole import write_json
from models.atlas.gather import Atlas
from models.atlas.kept import read_images, read_peaks
from models.atlas.layers import layers_of
from models.atlas.maps import basis, by_neighbours, save, save_basis
from models.atlas.options import AtlasOptions
from models.atlas.through import Moment, follow, spread
from models.atlas.units import QUANTILES, Layer
from models.atlas.wishes import Wish, wishes
from models.evaluation.ahead import ahead
from models.evaluation.images import First, ImageSet, of_split
from models.evaluation.stream import batch_size
from models.inspection.loaded import LoadedModel, models
from models.preprocessing import centre_offset
from models.source_loader import naming_lines
from models.training import checkpoint
from models.training.threads import Threads

Event = dict[str, Any]
SPEAK_SECONDS = 0.5
SAVE_SECONDS = 20.0
"""The state is saved so often, but never so that saving takes more than a twentieth of the time."""


@dataclass(frozen=True)
class Order:
    """What is asked for; ``folder`` takes the atlas, ``home`` holds the wishes, ``model_folder`` the checkpoints."""

    folder: Path
    model: LoadedModel
    options: AtlasOptions
    dataset: Dataset
    dataset_id: str
    home: Path
    model_folder: Path

    @cached_property
    def images(self) -> ImageSet:
        """The images of the split, or the first of them."""
        found = of_split(self.dataset, self.options.split, self.model.preprocessing, self.model.classes)
        return First(found, self.options.limit) if self.options.limit else found

    @property
    def wanted(self) -> list[Wish]:
        """What the options and the wishes ask for beyond the pass."""
        through = [Wish(checkpoints=self.options.checkpoints)] if self.options.checkpoints else []
        return [*through, *wishes(self.home)]


def build(order: Order) -> Iterator[Event]:
    """Pass over the images, write layers/<index>.npz and maps/<index>.npz, then atlas.json, then what was wished."""
    if not len(order.images):
        raise UserError(f"The {order.options.split} split has no image.", field="split")
    yield {"kind": "progress", "fraction": 0.0, "phase": "Looking at the network"}
    layers = layers_of(order.model)
    if not (order.folder / "atlas.json").exists():
        yield from _build(order, layers)
    yield from _wished(order, layers)


def _build(order: Order, layers: list[Layer]) -> Iterator[Event]:
    atlas = Atlas(layers, order.model, len(order.images), order.options.top, order.folder)
    _begin(order, atlas)
    if done := atlas.begin():
        yield {"kind": "resumed", "step": done, "epoch": 0.0, "epochs": 0.0}
        yield {"kind": "note", "text": f"Going on after {done:,} images that had been looked at already."}
    yield from _pass(order, atlas)
    yield {"kind": "progress", "fraction": 0.98, "phase": "Working out the figures"}
    atlas.save()
    _write(order, atlas)
    facts = describe(order, atlas, len(order.images))
    write_json(order.folder / "atlas.json", facts)
    (order.folder / "state.pt").unlink(missing_ok=True)
    values = {"layers": len(layers), "units": atlas.units}
    yield {"kind": "metrics", "step": len(order.images), "epoch": 0.0, "values": values}
    yield {"kind": "artifact", "name": "atlas", "value": facts}


def _begin(order: Order, atlas: Atlas) -> None:
    """begun.json: what exactly is looked at. Written once, so that a worker that goes on does the same."""
    path = order.folder / "begun.json"
    now = {
        "checkpoint": order.model.checkpoint,
        "count": len(order.images),
        "units": [layer.site.units for layer in atlas.layers],
    }
    if not path.exists():
        write_json(path, now)
    elif json.loads(path.read_text()) != now:
        raise UserError("The model or the images have changed since this atlas began.", hint="Build a new one.")


def _write(order: Order, atlas: Atlas) -> None:
    """Figures and map of each layer."""
    (order.folder / "layers").mkdir(exist_ok=True)
    numbers = read_images(order.folder / "kept")["number"]
    for index, layer in enumerate(atlas.layers):
        peaks = read_peaks(order.folder / "kept", index, layer.site.units)
        atlas.figures[index].save(order.folder / "layers" / f"{index}.npz", atlas.counts, peaks, numbers)
        found = basis(peaks)
        save_basis(order.folder / "maps" / f"{index}.npz", found, found.places(peaks))


def _pass(order: Order, atlas: Atlas) -> Generator[Event, None, None]:
    images, model, start = order.images, order.model, atlas.done
    size = batch_size(images.shape, model.device)
    spans = [range(at, min(at + size, len(images))) for at in range(start, len(images), size)]
    threads, saving = Threads(model.device), _Saving(atlas)
    begin = spoke = time.monotonic()
    with naming_lines(model.source):
        for loaded in ahead(images.load, spans, max(1, usable_cores() // 2)):
            atlas.add(loaded)
            threads.adapt()
            saving.look()
            if (now := time.monotonic()) - spoke >= SPEAK_SECONDS:
                spoke, rate = now, (atlas.done - start) / (now - begin)
                known = {"fraction": 0.98 * atlas.done / len(images), "phase": "Looking for top images", "rate": rate}
                yield {"kind": "progress", **known, "unit": "images", "eta": (len(images) - atlas.done) / rate}


class _Saving:
    """When it is time to save the state."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._next = time.monotonic() + SAVE_SECONDS

    def look(self) -> None:
        """Save if it is time."""
        if (now := time.monotonic()) >= self._next:
            self.atlas.save()
            took = time.monotonic() - now
            self._next = now + took + max(SAVE_SECONDS, 20 * took)


def _wished(order: Order, layers: list[Layer]) -> Iterator[Event]:
    """What is asked for beyond the pass and not there yet."""
    maps = order.folder / "maps"
    for wanted in order.wanted:
        if wanted.tsne is not None and not (maps / f"{wanted.tsne}.tsne.npz").exists():
            layer = layers[wanted.tsne].site
            yield {"kind": "progress", "fraction": 0.99, "phase": f"Laying out {layer.name} by neighbours (t-SNE)"}
            places = by_neighbours(read_peaks(order.folder / "kept", wanted.tsne, layer.units))
            if places is None:
                yield {"kind": "note", "text": "There are too few images for t-SNE."}
            else:
                save(maps / f"{wanted.tsne}.tsne.npz", places=places)
        if wanted.checkpoints:
            yield from _through(order, layers, wanted.checkpoints)


def _through(order: Order, layers: list[Layer], count: int) -> Iterator[Event]:
    """The maps at other checkpoints, unless the same ones are there."""
    found = checkpoint.every(order.model_folder / "checkpoints")
    every = [Moment(one.name, int(one.facts["step"]), float(one.facts["epoch"])) for one in found]
    moments = spread(every, count, order.model.checkpoint)
    path, names = order.folder / "through.json", [moment.name for moment in moments]
    if path.exists() and json.loads(path.read_text())["names"] == names:
        return
    for share in follow(order.folder, layers, order.images, moments, lambda name: models.get(order.model_folder, name)):
        phase = f"Following the maps through {len(moments)} checkpoints"
        yield {"kind": "progress", "fraction": 0.999 * share, "phase": phase}
    write_json(path, {"names": names})


def describe(order: Order, atlas: Atlas, count: int) -> Event:
    """atlas.json."""
    height, width, channels = order.model.preprocessing.shape
    return {
        "format": 2,
        "model": order.options.model,
        "checkpoint": order.model.checkpoint,
        "classes": list(order.model.classes),
        "dataset": order.dataset_id,
        "split": order.options.split,
        "count": count,
        "kept": len(read_images(order.folder / "kept")),
        "top": order.options.top,
        "height": height,
        "width": width,
        "channels": channels,
        "record": [order.dataset.height, order.dataset.width],
        "offset": list(centre_offset(order.dataset.height, order.dataset.width, order.model.preprocessing.crop)),
        "stride": atlas.stride,
        "quantiles": list(QUANTILES),
        "layers": [layer.to_dict(index) for index, layer in enumerate(atlas.layers)],
    }
