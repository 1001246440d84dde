"""Everything an atlas gathers while images pass by: the figures of all layers, and the sample that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.whole import make_whole
from models.atlas.kept import IMAGE, LARGEST, Kept, Peaks
from models.atlas.units import Layer, UnitFigures
from models.attribution.tracer import Tracer
from models.evaluation.images import Loaded
from models.evaluation.records import NONE
from models.inspection.loaded import LoadedModel
from models.training.metrics import scores

KEPT_IMAGES = 10_000
"""Of so many images, evenly spread, the peaks of all units are kept."""
KEPT_BYTES = 256 << 20
"""Fewer where their peaks would take more than this."""


class Atlas:
    """The figures of all layers while images pass by; ``folder`` takes the sample (None: it is not kept)."""

    def __init__(
        self, layers: list[Layer], model: LoadedModel, images: int, count: int, folder: Path | None = None
    ) -> None:
        self.layers = layers
        self.model = model
        self.figures = [UnitFigures(layer, len(model.classes) + 1, count, model.device) for layer in layers]
        self.units = sum(layer.site.units for layer in layers)
        self.counts = np.zeros(len(model.classes) + 1, np.int64)
        most = min(KEPT_IMAGES, max(1, KEPT_BYTES // (2 * max(1, self.units))))
        self.stride = max(1, -(-images // most))
        self.done = 0
        self._folder = folder
        self.kept: Kept | None = None

    # -- going on ------------------------------------------------------------------------------------------------

    def begin(self) -> int:
        """Open the files, and go on where an earlier worker saved the state last; the images that are done."""
        if self._folder is None:
            return 0
        rows = self._restore(self._folder / "state.pt") if (self._folder / "state.pt").exists() else 0
        self.kept = Kept(self._folder / "kept", [layer.site.units for layer in self.layers], rows)
        return self.done

    def save(self) -> None:
        """Write what has been gathered so far; the sample first, so that a state never counts on what is not there."""
        if self._folder is None or self.kept is None:
            return
        state = {
            "done": self.done,
            "rows": self.kept.flush(),
            "counts": torch.from_numpy(self.counts),
            "figures": [figures.state() for figures in self.figures],
        }
        make_whole(self._folder / "state.pt", lambda path: torch.save(state, path))

    def _restore(self, path: Path) -> int:
        state = torch.load(path, weights_only=True)
        self.done, self.counts = int(state["done"]), state["counts"].numpy()
        for figures, saved in zip(self.figures, state["figures"], strict=True):
            figures.restore(saved)
        return int(state["rows"])

    # -- gathering -----------------------------------------------------------------------------------------------

    @torch.no_grad()
    def add(self, loaded: Loaded) -> None:
        """One batch; unreadable images are passed over, and those of no known class count as a class of their own."""
        if loaded.good.all():
            self._add(loaded.pixels, loaded.labels, loaded.start)
        else:
            for first, part in _runs(loaded):
                self._add(part, loaded.labels[first : first + len(part)], loaded.start + first)
        self.done = loaded.start + len(loaded.labels)

    def _add(self, pixels: NDArray[np.uint8], labels: NDArray[np.int32], first: int) -> None:
        numbers = np.where(labels == NONE, len(self.counts) - 1, labels).astype(np.int64)
        self.counts += np.bincount(numbers, minlength=len(self.counts))
        there = torch.from_numpy(numbers).to(self.model.device)
        places = np.flatnonzero((first + np.arange(len(labels))) % self.stride == 0)
        chosen = torch.from_numpy(places).to(self.model.device)
        kept: list[Peaks | None] = [None] * len(self.layers)

        def watch(index: int) -> Any:
            def seen(values: torch.Tensor) -> torch.Tensor:
                peaks = self.figures[index].add(values, there, first)
                kept[index] = as_kept(peaks[chosen])
                return values

            return seen

        changes = {layer.site.name: watch(index) for index, layer in enumerate(self.layers)}
        output = forward(self.model, pixels, changes)
        if self.kept is not None and len(places):
            images = judged(output[chosen], first + places, labels[places])
            self.kept.add(images, [values for values in kept if values is not None])


def forward(model: LoadedModel, pixels: NDArray[np.uint8], changes: dict[str, Any]) -> torch.Tensor:
    """Scores float [n, classes] of uint8 [n, h, w, c], while ``changes`` see the values of the layers they name."""
    images = model.normalise(torch.from_numpy(np.ascontiguousarray(pixels)).to(model.device))
    return scores(Tracer(model.network, changes=changes).forward(images), len(model.classes))


def judged(output: torch.Tensor, numbers: NDArray[np.int64], labels: NDArray[np.int32]) -> NDArray[Any]:
    """IMAGE records [n] of scores [n, classes]; of equally likely classes the lowest number."""
    shares = output.float().softmax(1).cpu().numpy()
    images = np.empty(len(numbers), IMAGE)
    images["number"], images["label"] = numbers, labels
    images["predicted"] = shares.argmax(1)
    images["confidence"] = shares.max(1)
    return images


def as_kept(peaks: torch.Tensor) -> Peaks:
    """float16 on the CPU; what is larger than it can hold becomes the largest that it can."""
    values: Peaks = peaks.clamp(-LARGEST, LARGEST).half().cpu().numpy()
    return values


def _runs(loaded: Loaded) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Stretches of readable images: place of the first in the batch, pixels."""
    at = 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loaded.good.view(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield int(first), loaded.pixels[at : at + last - first]
        at += last - first
