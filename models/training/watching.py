"""Weights, gradients and activations of every layer while it learns: norms, ratios, dead units, sampled histograms.

Only every so many steps, and then mostly on a fixed sample of each tensor, so that looking costs next to nothing: norms
are exact and fused (``torch._foreach_norm``), all the rest is computed on matrices [layers, SAMPLE] at once. The update
ratio ||change|| / ||weight|| and the gradient ratio are those of Bengio's and Karpathy's rule of thumb (about 1e-3).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from models.training.activations import Activations
from models.training.meter import Event
from models.training.sampling import Sampler, histograms

WEIGHT_STATS = ("weight", "gradient", "gradient_ratio", "update", "gradient_zeros")
ACTIVATION_STATS = ("mean", "std", "zeros", "dead", "saturated")


class Watcher:
    """Looks at a model's layers every ``interval`` steps (0: never), with histograms every ``histograms`` steps."""

    def __init__(self, model: nn.Module, device: torch.device, interval: int, histograms: int) -> None:
        self.interval = interval
        self.histograms = histograms
        learning = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        self.names = [name for name, _ in learning]
        self.matrices = [weight.ndim >= 2 for _, weight in learning]
        self._weights: list[torch.Tensor] = [weight for _, weight in learning]
        self._roots = [math.sqrt(weight.numel()) for weight in self._weights]
        self._sampler = Sampler(device)
        self._activations = Activations(model, self._sampler)
        self._before = self._gradients = torch.empty(0)
        self._norms: list[torch.Tensor] = []

    def due(self, step: int) -> bool:
        """Whether ``step`` is looked at: the first, and every ``interval``-th."""
        return self.interval > 0 and (step == 1 or step % self.interval == 0)

    @contextmanager
    def forward(self) -> Iterator[None]:
        """What the model computes inside the block is looked at."""
        with self._activations:
            yield

    @torch.no_grad()
    def before(self) -> None:
        """Between backward and the update (gradients unscaled and not yet clipped)."""
        gradients = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in self._weights]
        self._norms = [*torch._foreach_norm(self._weights), *torch._foreach_norm(gradients)]
        self._before = self._sampler.rows(self._weights)
        self._gradients = self._sampler.rows(gradients)

    @torch.no_grad()
    def after(self, step: int) -> Iterator[Event]:
        """After the update: what was seen, as ``layers`` events (jobs/layers.py)."""
        now = self._sampler.rows(self._weights)
        count = len(self._weights)
        norms = torch.stack(self._norms).float().cpu()
        weight, gradient = norms[:count], norms[count:]
        moved = ((now - self._before).norm(dim=1) / self._before.norm(dim=1)).cpu()
        zeros = (self._gradients == 0).float().mean(1).cpu()
        roots = torch.tensor(self._roots)
        values = (weight / roots, gradient / roots, gradient / weight, moved, zeros)
        yield _event("weights", step, self.names, dict(zip(WEIGHT_STATS, values, strict=True)))
        names, table, samples = self._activations.taken()
        if names:
            found = dict(zip(ACTIVATION_STATS, table.float().cpu(), strict=True))
            yield _event("activations", step, names, found)
        if self.histograms and (step == 1 or step % self.histograms < self.interval):
            yield _histogram("weights", step, self.names, now)
            yield _histogram("gradients", step, self.names, self._gradients)
            if names:
                yield _histogram("activations", step, names, samples)


def _event(table: str, step: int, names: list[str], values: dict[str, torch.Tensor]) -> Event:
    found = {name: value.numpy() for name, value in values.items()}
    return {"kind": "layers", "table": table, "step": step, "names": names, "values": found}


def _histogram(table: str, step: int, names: list[str], samples: torch.Tensor) -> Event:
    low, high, counts = histograms(samples)
    known: dict[str, Any] = {"low": low.cpu().numpy(), "high": high.cpu().numpy(), "counts": counts.cpu().numpy()}
    return {"kind": "histograms", "table": table, "step": step, "names": names, **known}
