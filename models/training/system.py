"""Load of the machine while training: CPU and, where there is one, the GPU in use."""

from __future__ import annotations

import time

import psutil
import torch

INTERVAL = 2.0  # seconds between two readings


class SystemLoad:
    """``read`` gives curves "cpu/load", "gpu/load" (0..1) and "gpu/memory" (0..1), seldom enough to cost nothing."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._next = 0.0
        psutil.cpu_percent()  # the first call has nothing to compare with

    def read(self) -> dict[str, float]:
        """The load since the last reading; empty where it is too early."""
        if time.monotonic() < self._next:
            return {}
        first, self._next = self._next == 0.0, time.monotonic() + INTERVAL
        values = {} if first else {"cpu/load": psutil.cpu_percent() / 100}
        if self._device.type == "cuda" and not first:
            free, total = torch.cuda.mem_get_info(self._device)
            values |= {"gpu/memory": 1 - free / total, "gpu/load": torch.cuda.utilization(self._device) / 100}
        return values
