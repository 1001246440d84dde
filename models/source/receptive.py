"""Receptive fields while a network runs: which part of the input each value can depend on, by ATen operation.

The arithmetic is that of Araujo, Norris, Sim: Computing receptive fields of convolutional neural networks
(Distill 2019): a window of ``k`` with dilation ``d`` adds ``(k - 1) * d`` steps to the field, a stride multiplies the
step. Normalization over the image is not counted, as is usual.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from models.source.facts import Field

_ATTENTION = ("bmm", "baddbmm", "_scaled_dot_product", "_native_multi_head_attention", "_transformer_encoder_layer_fwd")
_REDUCE = ("mean", "sum", "amax", "amin", "var", "std", "prod", "logsumexp", "linalg_vector_norm", "norm")


@dataclass(frozen=True)
class Window:
    """The field of a tensor: pixels of the input per spatial dimension, and pixels from one value to the next; ``all``
    once it is everything."""

    size: tuple[float, ...] = ()
    step: tuple[float, ...] = ()
    all: bool = False

    def grown(self, steps: Sequence[float], stride: Sequence[float]) -> Window:
        """After windows that reach ``steps`` further and move on by ``stride``."""
        if self.all or len(steps) != len(self.size):
            return self
        size = tuple(size + more * step for size, more, step in zip(self.size, steps, self.step, strict=True))
        return Window(size, tuple(step * by for step, by in zip(self.step, stride, strict=True)))

    def told(self) -> Field:
        """As the graph shows it."""
        return "all" if self.all else tuple(round(size) for size in self.size) or None


EVERYTHING = Window(all=True)


class ReceptiveFields(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the fields of all tensors that come from the given input."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._windows: dict[int, tuple[torch.Tensor, Window]] = {}

    def begin(self, image: torch.Tensor) -> None:
        """The input: every pixel depends on itself."""
        dims = max(image.dim() - 2, 0)
        self._windows[id(image)] = (image, Window((1.0,) * dims, (1.0,) * dims))

    def of(self, value: Any) -> Window | None:
        """The field of a tensor, None where it does not come from the input."""
        known = self._windows.get(id(value))
        return known[1] if known is not None else None

    def same(self, value: torch.Tensor, as_of: torch.Tensor) -> None:
        """Give a tensor that was put in the place of another one the same field."""
        window = self.of(as_of)
        if window is not None:
            self._windows[id(value)] = (value, window)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs = [tensor for tensor in _tensors((args, kwargs or {})) if self.of(tensor) is not None]
        if inputs:
            window = self._after(func, args, inputs, result)
            for tensor in _tensors(result):
                self._windows[id(tensor)] = (tensor, window)
        return result

    def _after(self, func: Any, args: Any, inputs: list[torch.Tensor], result: Any) -> Window:
        windows = [window for tensor in inputs if (window := self.of(tensor)) is not None]
        if any(window.all for window in windows):
            return EVERYTHING
        name = str(getattr(func, "overloadpacket", func)).rsplit(".", 1)[-1]
        largest = max(windows, key=lambda window: math.prod(window.size) if window.size else 0)
        first = inputs[0]
        out = next(iter(_tensors(result)), first)
        rule = _RULES.get(name)
        if rule is not None:
            return rule(largest, first, out, args)
        if name.startswith(_ATTENTION):
            return EVERYTHING if len(inputs) > 1 or not name.endswith("bmm") else largest
        if name in _REDUCE:
            return EVERYTHING if first.dim() > 2 and _loses_pixels(first, args) else largest
        if name in ("view", "_unsafe_view", "reshape", "_reshape_copy"):
            return EVERYTHING if _flattens(first, out) else largest
        return largest


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)


def _loses_pixels(tensor: torch.Tensor, args: Any) -> bool:
    """Whether a reduction goes over a spatial dimension (those after the first two)."""
    dims = args[1] if len(args) > 1 and isinstance(args[1], list | tuple) else range(tensor.dim())
    return any(dim % tensor.dim() >= 2 and tensor.shape[dim] > 1 for dim in dims) if tensor.dim() else False


def _flattens(before: torch.Tensor, after: torch.Tensor) -> bool:
    """Whether pixels become features: [n, c, h, w] to [n, c * h * w]."""
    pixels = math.prod(before.shape[2:])
    return after.dim() == 2 and before.dim() > 2 and pixels > 1 and after.shape[0] == before.shape[0]


def _each(value: Any, dims: int) -> list[int]:
    """A size for every dimension, as ATen gives it."""
    values = list(value) if isinstance(value, list | tuple) else [value]
    return values * dims if len(values) == 1 else values


def _argument(args: Any, place: int, default: Any) -> Any:
    return args[place] if len(args) > place and args[place] not in (None, []) else default


def _convolution(window: Window, image: torch.Tensor, out: torch.Tensor, args: Any) -> Window:
    kernel, dims = args[1].shape[2:], args[1].dim() - 2
    stride, dilation = _each(args[3], dims), _each(args[5], dims)
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    if not args[6]:
        return window.grown(reach, stride)
    seen = [math.ceil((r + 1) / s) - 1 for r, s in zip(reach, stride, strict=True)]
    return window.grown(seen, [1 / s for s in stride])


def _pool(dilation_at: int | None) -> Callable[[Window, torch.Tensor, torch.Tensor, Any], Window]:
    def rule(window: Window, image: torch.Tensor, out: torch.Tensor, args: Any) -> Window:
        dims = len(window.size)
        kernel = _each(args[1], dims)
        stride = _each(_argument(args, 2, args[1]), dims)
        dilation = _each(_argument(args, dilation_at, 1), dims) if dilation_at else [1] * dims
        return window.grown([(k - 1) * d for k, d in zip(kernel, dilation, strict=True)], stride)

    return rule


def _adaptive(window: Window, image: torch.Tensor, out: torch.Tensor, args: Any) -> Window:
    dims = len(window.size)
    before, after = image.shape[-dims:], out.shape[-dims:]
    if math.prod(after) == 1 and math.prod(before) > 1:
        return EVERYTHING
    windows = [math.ceil(b / a) + (1 if b % a else 0) for b, a in zip(before, after, strict=True)]
    return window.grown([w - 1 for w in windows], [b / a for b, a in zip(before, after, strict=True)])


def _upsample(window: Window, image: torch.Tensor, out: torch.Tensor, args: Any) -> Window:
    dims = len(window.size)
    ratio = [b / a for b, a in zip(image.shape[-dims:], out.shape[-dims:], strict=True)]
    return window.grown([0.0] * dims, ratio)


def _upsample_linear(window: Window, image: torch.Tensor, out: torch.Tensor, args: Any) -> Window:
    dims = len(window.size)
    return _upsample(window.grown([1.0] * dims, [1.0] * dims), image, out, args)


def _im2col(window: Window, image: torch.Tensor, out: torch.Tensor, args: Any) -> Window:
    reach = [(k - 1) * d for k, d in zip(args[1], args[2], strict=True)]
    return window.grown(reach, args[4])


_RULES: dict[str, Callable[[Window, torch.Tensor, torch.Tensor, Any], Window]] = {
    "convolution": _convolution,
    **{f"max_pool{d}d_with_indices": _pool(4) for d in (1, 2, 3)},
    **{f"max_pool{d}d": _pool(4) for d in (1, 2, 3)},
    **{f"avg_pool{d}d": _pool(None) for d in (1, 2, 3)},
    **{f"{p}adaptive_{kind}_pool{d}d": _adaptive for p in ("", "_") for kind in ("avg", "max") for d in (1, 2, 3)},
    **{f"upsample_nearest{d}d": _upsample for d in (1, 2, 3)},
    **{f"upsample_{kind}": _upsample_linear for kind in ("linear1d", "bilinear2d", "trilinear3d")},
    "im2col": _im2col,
}
