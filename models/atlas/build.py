"""Builds an atlas in one streamed pass over a split; memory does not grow with the number of images."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.database import Dataset
from data.errors import UserError
from data.pipeline import usable_cores
from data.whole import write_json
from models.atlas.fields import Field, PlacedFields
from models.atlas.options import AtlasOptions
from models.atlas.units import QUANTILES, Layer, UnitFigures
from models.attribution.sites import Site
from models.attribution.tracer import Tracer
from models.evaluation.ahead import ahead
from models.evaluation.images import First, ImageSet, Loaded, of_split
from models.evaluation.records import NONE
from models.evaluation.stream import batch_size
from models.inspection.loaded import LoadedModel
from models.preprocessing import centre_offset
from models.source_loader import naming_lines
from models.training.threads import Threads

Event = dict[str, Any]
SPEAK_SECONDS = 0.5
KEPT_IMAGES = 10_000
"""Peaks of so many images, evenly spread, are kept to find look-alike units and to draw the sample of each unit."""
KEPT_BYTES = 512 << 20


@dataclass(frozen=True)
class Order:
    """What is asked for; ``folder`` takes the atlas."""

    folder: Path
    model: LoadedModel
    options: AtlasOptions
    dataset: Dataset
    dataset_id: str


def build(order: Order) -> Iterator[Event]:
    """Pass over the images, then write layers/<index>.npz and, last, atlas.json."""
    model, options = order.model, order.options
    images: ImageSet = of_split(order.dataset, options.split, model.preprocessing, model.classes)
    images = First(images, options.limit) if options.limit else images
    if not len(images):
        raise UserError(f"The {options.split} split has no image.", field="split")
    yield {"kind": "progress", "fraction": 0.0, "phase": "Looking at the network"}
    layers = layers_of(model)
    atlas = Atlas(layers, model, len(images), options.top)
    yield from _pass(order, images, atlas)
    yield {"kind": "progress", "fraction": 0.99, "phase": "Working out the figures"}
    (order.folder / "layers").mkdir(exist_ok=True)
    for index in range(len(layers)):
        atlas.figures[index].save(order.folder / "layers" / f"{index}.npz", atlas.counts, atlas.kept(index))
    facts = describe(order, atlas, len(images))
    write_json(order.folder / "atlas.json", facts)
    yield {
        "kind": "metrics",
        "step": len(images),
        "epoch": 0.0,
        "values": {"layers": len(layers), "units": atlas.units},
    }
    yield {"kind": "artifact", "name": "atlas", "value": facts}


def layers_of(model: LoadedModel) -> list[Layer]:
    """The layers with weights, and the sums of branches, in the order of the forward pass, with receptive fields."""
    height, width, channels = model.preprocessing.shape
    image = torch.zeros(1, channels, height, width)
    network = model.network.cpu() if model.device.type != "cpu" else model.network
    fields = PlacedFields()
    seen: dict[str, Field | None] = {}
    try:
        sites = _sites(network, image)
        wanted = [site for site in sites if _is_layer(site)]

        def note(name: str) -> Any:
            return lambda values: (seen.setdefault(name, fields.field(values)), values)[1]

        tracer = Tracer(network, changes={site.name: note(site.name) for site in wanted})
        with torch.no_grad(), fields:
            fields.begin(image)
            tracer.forward(image)
    finally:
        network.to(model.device)
    return [Layer(site, seen.get(site.name) if site.grid else None) for site in wanted]


def _sites(network: torch.nn.Module, image: torch.Tensor) -> list[Site]:
    tracer = Tracer(network, listing=True)
    with torch.no_grad():
        tracer.forward(image)
    return tracer.sites


def _is_layer(site: Site) -> bool:
    return site.op.startswith(("conv", "linear", "multi_head", "add", "iadd"))


class Atlas:
    """The figures of all layers while images pass by."""

    def __init__(self, layers: list[Layer], model: LoadedModel, images: int, count: int) -> None:
        self.layers = layers
        self.model = model
        self.figures = [UnitFigures(layer, len(model.classes) + 1, count, model.device) for layer in layers]
        self.units = sum(layer.site.units for layer in layers)
        self.counts = np.zeros(len(model.classes) + 1, np.int64)
        most = min(KEPT_IMAGES, max(1, KEPT_BYTES // (2 * max(1, self.units))))
        self.stride = max(1, -(-images // most))
        self._kept: list[list[NDArray[np.float16]]] = [[] for _ in layers]

    @torch.no_grad()
    def add(self, loaded: Loaded) -> None:
        """One batch; unreadable images are passed over, and those of no known class count as a class of their own."""
        if not loaded.good.all():
            for first, part in _runs(loaded):
                self._add(part, loaded.labels[first : first + len(part)], loaded.start + first)
            return
        self._add(loaded.pixels, loaded.labels, loaded.start)

    def _add(self, pixels: NDArray[np.uint8], labels: NDArray[np.int32], first: int) -> None:
        numbers = np.where(labels == NONE, len(self.counts) - 1, labels).astype(np.int64)
        self.counts += np.bincount(numbers, minlength=len(self.counts))
        there = torch.from_numpy(numbers).to(self.model.device)
        chosen = torch.from_numpy(np.flatnonzero((first + np.arange(len(labels))) % self.stride == 0))

        def watch(index: int) -> Any:
            def seen(values: torch.Tensor) -> torch.Tensor:
                peaks = self.figures[index].add(values, there, first)
                self._kept[index].append(peaks[chosen.to(peaks.device)].half().cpu().numpy())
                return values

            return seen

        changes = {layer.site.name: watch(index) for index, layer in enumerate(self.layers)}
        images = self.model.normalise(torch.from_numpy(np.ascontiguousarray(pixels)).to(self.model.device))
        Tracer(self.model.network, changes=changes).forward(images)

    def kept(self, index: int) -> NDArray[np.float16]:
        """Peaks of a layer float16 [kept images, units]; image k is number k * stride where all could be read."""
        return np.concatenate(self._kept[index])


def _runs(loaded: Loaded) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Stretches of readable images: place of the first in the batch, pixels."""
    at = 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loaded.good.view(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), loaded.pixels[at : at + last - first]
        at += last - first


def _pass(order: Order, images: ImageSet, atlas: Atlas) -> Generator[Event, None, None]:
    size = batch_size(images.shape, order.model.device)
    spans = [range(at, min(at + size, len(images))) for at in range(0, len(images), size)]
    threads, begin = Threads(order.model.device), time.monotonic()
    spoke = begin
    with naming_lines(order.model.source):
        for loaded in ahead(images.load, spans, max(1, usable_cores() // 2)):
            atlas.add(loaded)
            threads.adapt()
            now, done = time.monotonic(), loaded.start + len(loaded.labels)
            if now - spoke >= SPEAK_SECONDS:
                spoke, rate = now, done / (now - begin)
                known = {"fraction": done / len(images), "phase": "Looking for top images", "rate": rate}
                yield {"kind": "progress", **known, "unit": "images", "eta": (len(images) - done) / rate}


def describe(order: Order, atlas: Atlas, count: int) -> Event:
    """atlas.json."""
    height, width, channels = order.model.preprocessing.shape
    return {
        "format": 1,
        "model": order.options.model,
        "checkpoint": order.model.checkpoint,
        "classes": list(order.model.classes),
        "dataset": order.dataset_id,
        "split": order.options.split,
        "count": count,
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
