"""Looking at the probe images at each validation: what the network says of them, and what one layer makes of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn
from torch.overrides import TorchFunctionMode

from data.errors import UserError
from models.probe.files import TOP, Validations, choose
from models.training.activations import LAYERS, OTHERS, RECTIFIERS, SQUASHERS
from models.training.augment import Selection
from models.training.batches import Images
from models.training.metrics import scores
from models.training.update import Updater

MOST_UNITS = 16
MOST_SIDE = 14
"""Pixels of a unit's map; larger ones are averaged."""
MOST_NEURONS = 256
"""Of a layer without a picture; they are drawn as one square."""
MOST_KEPT = 300
"""Validations that are kept; when there are more, every second is dropped, and from there on every second is kept."""
NORMS = {F.batch_norm, F.group_norm, F.layer_norm, F.instance_norm}
Found = dict[str, NDArray[Any]]


class Capture(TorchFunctionMode):
    """Takes what one layer puts out behind its normalization and activation function; the model is not changed.

    ``layer`` is a module's name; blank: the last convolution that runs (without any: the last linear layer but one).
    After the forward pass ``name`` and ``output`` say what was found.
    """

    def __init__(self, model: nn.Module, layer: str) -> None:
        super().__init__()
        self._names = {id(weight): name.removesuffix(".weight") for name, weight in model.named_parameters()}
        self._layer = layer
        self._last: torch.Tensor | None = None  # the very tensor whose next function is waited for
        self._convolved = False
        self._before: tuple[str, torch.Tensor | None] = ("", None)
        self.name = ""
        self.output: torch.Tensor | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let the function do its work, then take what it gave if that is of the layer."""
        output = func(*args, **(kwargs or {}))
        if func in LAYERS:
            weight = args[1] if len(args) > 1 else (kwargs or {}).get("weight")
            self._arrived(self._names.get(id(weight), ""), output, linear=func is F.linear)
        elif self._last is not None and args and args[0] is self._last and func in self._followers():
            self._take(output)
        return output

    @staticmethod
    def _followers() -> set[Any]:
        return NORMS | RECTIFIERS | OTHERS | set(SQUASHERS)

    def _arrived(self, name: str, output: torch.Tensor, *, linear: bool) -> None:
        if self._layer:
            self._last = None
            if name == self._layer:
                self.name = name
                self._take(output)
        elif linear and self._convolved:
            self._last = None
        else:
            if linear:
                self._before = (self.name, self.output)
            self._convolved = self._convolved or not linear
            self.name = name
            self._take(output)

    def _take(self, output: torch.Tensor) -> None:
        self._last, self.output = output, output.detach().clone()

    def found(self) -> tuple[str, torch.Tensor | None]:
        """The layer's name and what it put out, None where it did not run."""
        if not self._layer and not self._convolved and self._before[1] is not None:
            return self._before
        return self.name, self.output


def pictured(output: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
    """Maps float [images, units, h, w] of what a layer put out, and which units they are.

    Of channels [n, c, h, w] at most MOST_UNITS, spread evenly; tokens [n, t, c] are averaged; neurons [n, c] are one
    square map of at most MOST_NEURONS, the last row filled up with zeros.
    """
    output = output.float()
    if output.ndim == 4:
        units = np.unique(np.linspace(0, output.shape[1] - 1, min(MOST_UNITS, output.shape[1])).round().astype(int))
        maps = output[:, torch.from_numpy(units).to(output.device)]
        side = (min(MOST_SIDE, maps.shape[2]), min(MOST_SIDE, maps.shape[3]))
        return F.adaptive_avg_pool2d(maps, side), [int(unit) for unit in units]
    flat = output.mean(tuple(range(1, output.ndim - 1))) if output.ndim > 2 else output
    flat = flat[:, :MOST_NEURONS]
    side_of = ceil(flat.shape[1] ** 0.5)
    padded = F.pad(flat, (0, side_of * ceil(flat.shape[1] / side_of) - flat.shape[1]))
    return padded.reshape(len(flat), 1, -1, side_of), list(range(flat.shape[1]))


def shades(maps: torch.Tensor) -> Found:
    """``maps`` uint8 and ``low``, ``high`` float32 [units]: from the lower of 0 and the least value to the greatest."""
    clean = torch.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = clean.amin((0, 2, 3)).clamp(max=0), clean.amax((0, 2, 3))
    span = (high - low).clamp(min=1e-12)[:, None, None]
    bytes_ = ((clean - low[:, None, None]) / span * 255).round().to(torch.uint8)
    return {"maps": bytes_.cpu().numpy(), "low": low.cpu().numpy(), "high": high.cpu().numpy()}


@dataclass
class Probe:
    """Looks at the validation images ``numbers``; ``validations`` are the planned steps. ``layer`` as in Capture."""

    folder: Path
    updater: Updater
    numbers: NDArray[np.int64]
    labels: NDArray[np.integer]
    classes: Sequence[str]
    layer: str
    validations: Collection[int]

    def __post_init__(self) -> None:
        self._files = Validations(self.folder)
        self._count, self._stride = 0, 1
        self._kept: dict[int, int] = {}  # which validation, from 0, a step's file is
        self._layer, self._units = self.layer, [0]

    def restore(self, step: int) -> None:
        """Training goes on after ``step``: later validations come again."""
        self._files.cut(step)
        self._kept = {one: int(self._files.read(one, ("number",))["number"]) for one in self._files.steps()}
        self._count = sum(one <= step for one in self.validations)
        while self._count > MOST_KEPT * self._stride:
            self._stride *= 2

    @torch.inference_mode()
    def look(self, images: Images, whole: Selection, size: int) -> Found:
        """The answers, and the activations; ``whole`` are all images of the split as cut."""
        answers, maps = [], []
        picked = Selection(self.numbers, whole.tops[self.numbers], whole.lefts[self.numbers], whole.flips[self.numbers])
        parts = (picked.part(first, first + size) for first in range(0, len(picked), size))
        for pixels, _ in images.batches(parts):
            seen = Capture(self.updater.model, self.layer)
            inputs = self.updater.normalise(pixels)
            inputs = inputs if self.updater.options.channels_last else inputs.contiguous()
            with self.updater.casting(), seen:
                logits = self.updater.model(inputs)
            answers.append(scores(logits, self.updater.classes).float().softmax(1))
            name, output = seen.found()
            if output is not None:
                self._layer = name
                part, self._units = pictured(output)
                maps.append(part)
        found = self._answers(torch.cat(answers))
        return {**found, **shades(torch.cat(maps))} if maps else found

    def _answers(self, probabilities: torch.Tensor) -> Found:
        sure, top = probabilities.topk(min(TOP, probabilities.shape[1]), 1)
        own = torch.from_numpy(self.labels[self.numbers].astype(np.int64)).to(probabilities.device)
        mine = probabilities.gather(1, own[:, None])[:, 0]
        return {"own": mine.cpu().numpy(), "top": top.int().cpu().numpy(), "sure": sure.cpu().numpy()}

    def keep(self, step: int, epoch: float, found: Found, matrix: Sequence[Sequence[int]] | None) -> None:
        """Write what was found at that step; the newest is always there. Raises OSError."""
        more = {} if matrix is None else {"matrix": np.asarray(matrix, np.int32)}
        labels = self.labels[self.numbers].tolist()
        about = {"split": "val", "records": self.numbers.tolist(), "labels": labels, "classes": list(self.classes)}
        told = {**about, "layer": self._layer, "units": self._units}
        place = {"epoch": np.asarray(epoch), "number": np.asarray(self._count)}
        self._files.write(step, {**found, **more, **place}, told)
        self._count += 1
        if self._count > MOST_KEPT * self._stride:
            self._stride *= 2
        for old in [one for one, number in self._kept.items() if number % self._stride]:
            self._files.remove(old)
            del self._kept[old]
        self._kept[step] = self._count - 1


def make_probe(
    folder: Path, updater: Updater, labels: NDArray[np.integer], classes: Sequence[str], validations: Collection[int]
) -> Probe:
    """The probe of the options. Raises UserError where they name a layer that there is not."""
    options, model = updater.options, updater.model
    layer = (options.probe_layer or "").strip()
    known = [name for name, module in model.named_modules() if _is_layer(module)]
    if layer and layer not in known:
        some = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
        raise UserError(f"The network has no layer {layer} to follow. It has {some}.", field="probe_layer")
    numbers = choose(labels, options.probe_images, options.seed or 0)
    return Probe(folder, updater, numbers, labels, classes, layer, validations)


def _is_layer(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.conv._ConvNd | nn.Linear)
