"""Would this network work on these images? Its size, output and layers, or the reason in words why not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from data.errors import UserError
from models.source_loader import load_network, naming_lines

BATCH = 2  # images; batch normalization wants more than one
LARGEST = 4_000_000_000  # weights: 16 GB of them, and three times that in training
LARGE = 512
USUAL_SIDES = (28, 32, 64, 96, 128, 224, 227, 256, 299)
"""Square images on which a network that fails on large ones too is tried: perhaps it is made for one of these."""


@dataclass(frozen=True)
class Shape:
    """What a network is built for: images [n, channels, height, width] and ``classes`` classes."""

    channels: int
    height: int
    width: int
    classes: int

    def keywords(self) -> dict[str, int]:
        """As ``load_network`` takes them."""
        return {name: getattr(self, name) for name in ("channels", "classes", "height", "width")}

    @property
    def image(self) -> tuple[int, int, int, int]:
        """The shape of a batch of empty images."""
        return (BATCH, self.channels, self.height, self.width)


class TooLarge(UserError):
    """The network has more weights than any machine of ours could hold."""


class Empty(Exception):
    """A layer left nothing of the image."""


@dataclass(frozen=True)
class Examined:
    """A network that works: number of weights, output shape [n, m], each layer in the order of the forward pass."""

    parameters: int
    output: list[int]
    layers: list[dict[str, Any]]
    notes: list[str]


def examine(source: str, shape: Shape, device: str = "meta") -> Examined:
    """Build the network and run two empty images through it; on "meta" without memory or arithmetic.

    A worker says "cpu": it asks once, and torch takes three seconds to make the meta device ready.

    Raises UserError: which line of the source fails, or that the images are too small and the least size that works,
    or what is wrong with the output.
    """
    try:
        result = _run(source, shape, torch.device(device))
    except TooLarge:
        raise
    except Exception as error:
        if (explained := _blame_size(source, shape)) is not None:
            raise explained from error
        # With real numbers: a network may look at them (`if x.mean() > 0`), and the meta device has none.
        result = _run(source, shape, torch.device("cpu"))
    _check_output(result, shape)
    return result


def _run(source: str, shape: Shape, device: torch.device) -> Examined:
    with torch.random.fork_rng(devices=[]), device:
        model = load_network(source, **shape.keywords())
        parameters = sum(weight.numel() for weight in model.parameters())
        if parameters > LARGEST:
            raise TooLarge(
                f"The network would have {parameters:,} weights for images of {shape.width}x{shape.height}: too many.",
                hint="Choose smaller images, or a network with fewer weights.",
            )
        layers: list[dict[str, Any]] = []
        with torch.no_grad(), naming_lines(source), _watching(model, lambda *seen: layers.append(_layer(*seen))):
            output = model(torch.zeros(shape.image))
    return Examined(parameters, _output_shape(output), layers, _notes(layers))


def _layer(name: str, module: nn.Module, output: torch.Tensor) -> dict[str, Any]:
    own = sum(weight.numel() for weight in module.parameters())
    return {"name": name, "type": type(module).__name__, "output": list(output.shape[1:]), "parameters": own}


@contextmanager
def _watching(model: nn.Module, see: Callable[[str, nn.Module, torch.Tensor], None]) -> Iterator[None]:
    """Call ``see`` after each layer without parts of its own; raises Empty from a layer that leaves nothing."""

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def after(module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                if output.numel() == 0:
                    raise Empty(name)
                see(name, module, output)

        return after

    leaves = [(name, part) for name, part in model.named_modules() if not any(True for _ in part.children())]
    handles = [part.register_forward_hook(hook(name or type(part).__name__)) for name, part in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _output_shape(output: Any) -> list[int]:
    if isinstance(output, torch.Tensor):
        return list(output.shape)
    raise UserError(
        f"The network returns a {type(output).__name__}; it must return one tensor of class scores [n, classes].",
        field="source",
    )


def _check_output(result: Examined, shape: Shape) -> None:
    """Raise UserError where the output is not one score for each class; more than that is allowed, as in DIGITS."""
    output = result.output
    if len(output) != 2 or output[0] != BATCH:
        raise UserError(
            f"The network answers {BATCH} images with a tensor {output}; it must be [{BATCH}, {shape.classes}]: one "
            "score for each class.",
            field="source",
            hint="Flatten (`x.flatten(1)`) or pool before the last nn.Linear.",
        )
    if output[1] < shape.classes:
        raise UserError(
            f"The network gives {output[1]} scores, but the dataset has {shape.classes} classes.",
            field="source",
            hint="Take the number from the argument `classes`: nn.Linear(..., classes).",
        )
    if output[1] > shape.classes:
        result.notes.append(f"The network gives {output[1]} scores for {shape.classes} classes; the rest is left out.")


def _notes(layers: list[dict[str, Any]]) -> list[str]:
    if layers and layers[-1]["type"] in ("Softmax", "LogSoftmax", "Softmax2d"):
        return ["The network ends in a softmax, which training adds itself: return the scores before it."]
    return []


def _blame_size(source: str, shape: Shape) -> UserError | None:
    """The error in terms of the image size; None where the size is not to blame."""
    size = f"{shape.width}x{shape.height}"
    if _works(source, shape, LARGE):
        least = _least(source, shape)
        return UserError(
            f"Images of {size} pixels are too small for this network{_where(source, shape, least)}. "
            f"It needs at least {least}x{least}.",
            hint="Choose a dataset with larger images, or a smaller network such as LeNet.",
        )
    if works := [side for side in USUAL_SIDES if _works(source, shape, side)]:
        return UserError(
            f"The network does not work on images of {size}; it does on {', '.join(f'{n}x{n}' for n in works)}.",
            field="source",
            hint="Let its layers follow from the arguments `height` and `width`, or end in nn.AdaptiveAvgPool2d(1).",
        )
    return None


def _least(source: str, shape: Shape) -> int:
    """The smallest side that works, by halving; LARGE does."""
    fails, works = 0, LARGE
    while works - fails > 1:
        middle = (works + fails) // 2
        works, fails = (middle, fails) if _works(source, shape, middle) else (works, middle)
    return works


def _works(source: str, shape: Shape, side: int) -> bool:
    try:
        result = _run(source, replace(shape, height=side, width=side), torch.device("meta"))
        _check_output(result, shape)
    except Exception:  # noqa: BLE001  whatever it is, on this size the network does not work
        return False
    return True


def _where(source: str, shape: Shape, least: int) -> str:
    """Which layer is left without pixels: the network made for the least size is shown the small image."""
    with torch.device("meta"), torch.no_grad():
        model = load_network(source, **replace(shape, height=least, width=least).keywords())
        seen: list[tuple[str, list[int]]] = []
        before = model.named_modules()
        handles = [part.register_forward_pre_hook(_note(seen, name)) for name, part in before if name]
        try:
            model(torch.zeros(shape.image))
        except Exception:  # noqa: BLE001  it fails on purpose; what matters is how far it came
            fitting = [(name, size) for name, size in seen if len(size) == 4]
            if fitting:
                name, (_, _, height, width) = fitting[-1]
                return f": {name} is left with {width}x{height}"
        finally:
            for handle in handles:
                handle.remove()
    return ""


def _note(seen: list[tuple[str, list[int]]], name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def before(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(inputs[0], torch.Tensor) and math.prod(inputs[0].shape) >= 0:
            seen.append((name, list(inputs[0].shape)))

    return before
