"""Where in the image each value of a layer looks: the receptive field with its place, followed while a network runs.

``models/source/receptive.py`` follows size and step; here the start of the first value's field is followed too, which
padding moves outside the image, and the fields of added or concatenated branches are united.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from models.atlas.spans import crop
from models.source.receptive import ReceptiveFields, Window, _each, _tensors


@dataclass(frozen=True)
class Field:
    """Of each spatial dimension: pixel where the field of value 0 starts (may be negative), its size, the step to the
    next value's, and the pixels [first, last) that any value of the map depends on."""

    start: tuple[float, ...]
    size: tuple[float, ...]
    step: tuple[float, ...]
    extent: tuple[tuple[float, float], ...]

    def crop(self, place: Sequence[int]) -> list[tuple[int, int]]:
        """The pixels [first, last) of each dimension that the value at ``place`` of the map depends on."""
        return crop(vars(self), place)


class PlacedFields(ReceptiveFields):  # type: ignore[no-untyped-call]
    """Follows size, step and start of the fields of all tensors that come from the given image."""

    def __init__(self) -> None:
        super().__init__()
        self._starts: dict[int, tuple[torch.Tensor, tuple[float, ...], tuple[tuple[float, float], ...]]] = {}

    def begin(self, image: torch.Tensor) -> None:
        """The input: every pixel depends on itself."""
        super().begin(image)
        extent = tuple((0.0, float(side)) for side in image.shape[2:])
        self._starts[id(image)] = (image, (0.0,) * len(extent), extent)

    def field(self, value: torch.Tensor) -> Field | None:
        """The field of a tensor's values; None where it is the whole image, or not known."""
        window, known = self.of(value), self._starts.get(id(value))
        if window is None or window.all or known is None or not window.size or len(known[1]) != len(window.size):
            return None
        return Field(known[1], window.size, window.step, known[2])

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = super().__torch_dispatch__(func, types, args, kwargs)
        inputs = [tensor for tensor in _tensors((args, kwargs or {})) if self.field(tensor) is not None]
        if inputs:
            name = str(getattr(func, "overloadpacket", func)).rsplit(".", 1)[-1]
            self._place(name, args, inputs, result)
        return result

    def _place(self, name: str, args: Any, inputs: list[torch.Tensor], result: Any) -> None:
        fields = [field for tensor in inputs if (field := self.field(tensor)) is not None]
        start = tuple(min(starts) for starts in zip(*(field.start for field in fields), strict=True))
        if len(fields) > 1 and len({field.step for field in fields}) == 1:
            self._unite(fields, start, result)
        moved = _MOVES[name](args, fields[0]) if name in _MOVES else None
        if moved is not None:
            start = tuple(s + m for s, m in zip(fields[0].start, moved, strict=True))
        extents = zip(*(field.extent for field in fields), strict=True)
        extent = [(min(low for low, _ in spans), max(high for _, high in spans)) for spans in extents]
        for tensor in _tensors(result):
            self._starts[id(tensor)] = (tensor, start, self._reached(tensor, start, extent))

    def _reached(
        self, tensor: torch.Tensor, start: tuple[float, ...], extent: list[tuple[float, float]]
    ) -> tuple[tuple[float, float], ...]:
        """The pixels that the values of ``tensor`` depend on, of those that its inputs depend on."""
        window = self.of(tensor)
        if window is None or window.all or not len(window.size) == len(start) == tensor.dim() - 2:
            return tuple(extent)
        counts = tensor.shape[-len(start) :]
        ends = [
            s + (n - 1) * step + size for s, n, step, size in zip(start, counts, window.step, window.size, strict=True)
        ]
        return tuple((max(low, s), min(high, e)) for (low, high), s, e in zip(extent, start, ends, strict=True))

    def _unite(self, fields: list[Field], start: tuple[float, ...], result: Any) -> None:
        """Values that come from several branches depend on the pixels of all of them."""
        ends = [[s + size for s, size in zip(field.start, field.size, strict=True)] for field in fields]
        size = tuple(max(end) - s for end, s in zip(zip(*ends, strict=True), start, strict=True))
        for tensor in _tensors(result):
            window = self.of(tensor)
            if window is not None and not window.all and window.step == fields[0].step:
                self._windows[id(tensor)] = (tensor, Window(size, window.step))


def _convolution(args: Any, field: Field) -> list[float] | None:
    dims = len(field.step)
    stride, padding, dilation = (_each(args[place], dims) for place in (3, 4, 5))
    if not args[6]:
        return [-p * step for p, step in zip(padding, field.step, strict=True)]
    kernel = args[1].shape[2:]
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    return [-((r - p) // s) * step for r, p, s, step in zip(reach, padding, stride, field.step, strict=True)]


def _pool(args: Any, field: Field) -> list[float]:
    padding = args[3] if len(args) > 3 and args[3] not in (None, []) else 0
    return [-p * step for p, step in zip(_each(padding, len(field.step)), field.step, strict=True)]


def _pad(args: Any, field: Field) -> list[float]:
    before = list(args[1])[::2][::-1]
    dims = len(field.step)
    return [-p * step for p, step in zip(([0] * dims + before)[-dims:], field.step, strict=True)]


def _slice(args: Any, field: Field) -> list[float] | None:
    dim, begin = (args[1] if len(args) > 1 else 0), (args[2] if len(args) > 2 and args[2] is not None else 0)
    axis = dim % args[0].dim() - 2
    if axis < 0:
        return None
    begin += args[0].shape[dim] if begin < 0 else 0
    return [begin * step if place == axis else 0.0 for place, step in enumerate(field.step)]


_MOVES: dict[str, Any] = {
    "convolution": _convolution,
    "constant_pad_nd": _pad,
    "slice": _slice,
    **{f"max_pool{dims}d_with_indices": _pool for dims in (1, 2, 3)},
    **{f"max_pool{dims}d": _pool for dims in (1, 2, 3)},
    **{f"avg_pool{dims}d": _pool for dims in (1, 2, 3)},
}
