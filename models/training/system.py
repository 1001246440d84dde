"""How busy the machine is while training: CPU and GPUs, read seldom enough to cost nothing."""

from __future__ import annotations

import os
import time

import psutil
import pynvml
import torch

INTERVAL = 2.0  # seconds between two readings


class SystemLoad:
    """Curves ``cpu/load``, ``gpu/<i>/load`` and ``gpu/<i>/memory``, all 0..1; GPUs are numbered as nvidia-smi does."""

    def __init__(self, device: torch.device) -> None:
        self._next = time.monotonic() + INTERVAL
        self._gpus = _handles() if device.type == "cuda" else {}
        psutil.cpu_percent()  # the first call has nothing to compare with

    def read(self) -> dict[str, float]:
        """The load since the last reading; empty where it is too early."""
        if time.monotonic() < self._next:
            return {}
        self._next = time.monotonic() + INTERVAL
        values = {"cpu/load": psutil.cpu_percent() / 100}
        for index, handle in self._gpus.items():
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            values[f"gpu/{index}/load"] = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
            values[f"gpu/{index}/memory"] = memory.used / memory.total
        return values


def _handles() -> dict[int, object]:
    """NVML's handles of the GPUs that this process was given; none where NVML does not answer."""
    try:
        pynvml.nvmlInit()
        given = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(pynvml.nvmlDeviceGetCount())))
        return {int(index): pynvml.nvmlDeviceGetHandleByIndex(int(index)) for index in given.split(",")}
    except (pynvml.NVMLError, ValueError):  # no driver, or GPUs named by UUID: training goes on without these curves
        return {}
