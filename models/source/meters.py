"""Counts what a network costs while it runs on the meta device: FLOPs, new memory, and what backward needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Flops:
    """Operations since it was opened, by torch's own counter: nodes take the difference of two readings."""

    def __init__(self) -> None:
        self._counter = FlopCounterMode(display=False)

    def __enter__(self) -> Flops:
        self._counter.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        self._counter.__exit__(*error)  # type: ignore[no-untyped-call]

    def reading(self) -> int:
        """All operations so far."""
        return int(self._counter.get_total_flops())


class Memory:
    """Bytes of tensors that take up memory of their own, each storage counted once."""

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        self._seen: dict[int, Any] = {}
        for tensor in known:
            self.new(tensor)

    def new(self, tensor: torch.Tensor) -> int:
        """The bytes of a tensor's storage if it was not seen before, else 0. The storage is kept, so that its name
        is not used again."""
        storage = tensor.untyped_storage()
        if storage._cdata in self._seen:
            return 0
        self._seen[storage._cdata] = storage
        return int(storage.nbytes())


def own_tensors(network: nn.Module) -> Iterator[torch.Tensor]:
    """Parameters and buffers."""
    yield from network.parameters()
    yield from network.buffers()


@contextmanager
def saving(network: nn.Module, see: Callable[[int], None]) -> Iterator[None]:
    """Call ``see`` with the bytes of every tensor that autograd keeps for the backward pass, weights left out."""
    memory = Memory(own_tensors(network))

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        see(memory.new(tensor))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in a value, however nested."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors_in(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors_in(part)


def shapes_of(value: Any) -> tuple[tuple[int, ...], ...]:
    """The shapes of every tensor in a value."""
    return tuple(tuple(int(size) for size in tensor.shape) for tensor in tensors_in(value))
