"""How much memory tensors take at most while something runs, told by following each storage from its birth to its end.

It works on the meta device as on any other, since autograd keeps and lets go of the same tensors there: on meta nothing
is computed, and the peak is known in a tenth of a second. What kernels use for themselves inside is not seen.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from models.source.meters import tensors_in


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """``peak`` and ``now`` in bytes, beyond the ``known`` tensors that were there before."""

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self.now = 0
        self._bytes: dict[int, int] = {}
        self._known = [tensor.untyped_storage() for tensor in known]  # kept, so that no other gets the same name
        for storage in self._known:
            self._bytes[storage._cdata] = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tensors_in(result):
            self._see(tensor.untyped_storage())
        return result

    def _see(self, storage: torch.UntypedStorage) -> None:
        name = storage._cdata
        if name in self._bytes:
            return
        size = self._bytes[name] = int(storage.nbytes())
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, name).atexit = False

    def _gone(self, name: int) -> None:
        self.now -= self._bytes.pop(name, 0)
