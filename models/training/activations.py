"""What layers and activation functions put out in one forward pass, seen without hooks and without changing the model.

A ``TorchFunctionMode`` sees functions as well as modules (``F.relu`` and ``nn.ReLU``), and what an in-place function
gives before the next one overwrites it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from models.training.sampling import Sampler

LAYERS = {torch.conv1d, torch.conv2d, torch.conv3d, torch.conv_transpose2d, F.linear}
RECTIFIERS = {F.relu, torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_, F.relu_, F.relu6}
SQUASHERS = {
    torch.tanh: (-1.0, 1.0), torch.Tensor.tanh: (-1.0, 1.0), F.tanh: (-1.0, 1.0), torch.sigmoid: (0.0, 1.0),
    torch.Tensor.sigmoid: (0.0, 1.0), F.sigmoid: (0.0, 1.0), F.hardsigmoid: (0.0, 1.0), F.hardtanh: (-1.0, 1.0),
}  # fmt: skip
"""Functions that saturate, with the two ends."""
OTHERS = {F.gelu, F.silu, F.hardswish, F.elu, F.leaky_relu, F.prelu, F.selu, F.mish, F.softplus}
NEAR = 0.015
"""Of the range: nearer to an end than this a unit is saturated (|tanh| > 0.97)."""
LOOKED = 8  # images of which a unit must be silent to count as silent
PATIENCE = 10
"""Looks in which a unit must have been silent to be dead: it has given zero for at least 80 images in a row."""


class Activations(TorchFunctionMode):
    """Use as a context manager around a forward pass; :meth:`taken` gives what was seen, and forgets it.

    A row for each convolution and linear layer, called as its module, and for each activation function, called as the
    layer before it with the function's name. A module that is called twice has two rows.
    """

    def __init__(self, model: nn.Module, sampler: Sampler) -> None:
        super().__init__()
        self._sampler = sampler
        self._known = {id(weight): name.removesuffix(".weight") for name, weight in model.named_parameters()}
        self._silent: dict[str, torch.Tensor] = {}
        self._forget()

    def _forget(self) -> None:
        self._names: list[str] = []
        self._seen: Counter[str] = Counter()
        self._samples: list[torch.Tensor] = []
        self._extra: list[tuple[Any, Any]] = []  # dead share (a tensor or NaN), ends of the range or None
        self._last = "input"

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let the function do its work, then look at what it gave (the mode is off meanwhile)."""
        output = func(*args, **(kwargs or {}))
        if func in LAYERS:
            weight = args[1] if len(args) > 1 else (kwargs or {}).get("weight")
            self._last = self._known.get(id(weight), func.__name__)
            self._look(self._last, output, None)
        elif func in RECTIFIERS or func in SQUASHERS or func in OTHERS:
            self._look(f"{self._last} {func.__name__.strip('_')}", output, func)
        return output

    @torch.no_grad()
    def _look(self, name: str, output: torch.Tensor, func: Any) -> None:
        self._seen[name] += 1
        name = name if self._seen[name] == 1 else f"{name} {self._seen[name]}"
        self._names.append(name)
        self._samples.append(self._sampler.row(output).float())
        dead = self._dead(name, output.detach()) if func in RECTIFIERS else float("nan")
        self._extra.append((dead, SQUASHERS.get(func)))

    def _dead(self, name: str, output: torch.Tensor) -> torch.Tensor:
        """The share of units (channels; the last axis of tokens) that were silent in the last PATIENCE looks."""
        unit = output.ndim - 1 if output.ndim == 3 else min(1, output.ndim - 1)
        axes = [axis for axis in range(output.ndim) if axis != unit]
        active = output[:LOOKED].amax(axes) > 0
        count = self._silent.get(name)
        count = torch.zeros_like(active, dtype=torch.int16) if count is None or len(count) != len(active) else count
        self._silent[name] = torch.where(active, 0, count + 1)
        return (self._silent[name] >= PATIENCE).float().mean()

    def taken(self) -> tuple[list[str], torch.Tensor, torch.Tensor]:
        """Names, float32 [5, names] (mean, std, zeros, dead, saturated; NaN where it has no meaning), samples."""
        names, samples, extra = self._names, self._samples, self._extra
        self._forget()
        if not names:
            return [], torch.empty(5, 0), torch.empty(0, 0)
        rows = torch.stack(samples)
        nothing = rows.new_tensor(float("nan"))
        dead = torch.stack([share if isinstance(share, torch.Tensor) else nothing for share, _ in extra])
        ends = rows.new_tensor([pair or (float("nan"), float("nan")) for _, pair in extra])
        low, high = ends[:, :1], ends[:, 1:]
        margin = NEAR * (high - low)
        full = ((rows < low + margin) | (rows > high - margin)).float().mean(1)
        saturated = torch.where(ends[:, 0].isnan(), nothing, full)
        table = torch.stack([rows.mean(1), rows.std(1), (rows == 0).float().mean(1), dead, saturated])
        return names, table, rows
