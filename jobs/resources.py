"""What the machine has and how busy it is: GPUs through NVML, CPU, memory and disk; published as home/machine.json."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pynvml

from data.whole import write_whole

EVERY = 2.0  # seconds between two readings
CROWDED = 512 * 2**20  # bytes held by others from which a GPU is chosen last


class Machine:
    """Reads the machine every EVERY seconds and writes home/machine.json. NVML is optional; its absence is said."""

    def __init__(self, home: Path) -> None:
        self._path = home / "machine.json"
        self._home = home
        self._read_at = -EVERY
        self.gpus: list[dict[str, Any]] = []
        self.gpu_message = ""
        self._nvml = self._connect()

    def refresh(self, holders: Mapping[str, tuple[int, ...]]) -> bool:
        """Read and publish if it is time; ``holders`` maps a job to the GPUs it holds. True if it was time."""
        if time.monotonic() - self._read_at < EVERY:
            return False
        self._read_at = time.monotonic()
        if self._nvml:
            self.gpus = self._read_gpus(holders)
        write_whole(self._path, json.dumps(self.describe()).encode(), durable=False)
        return True

    @property
    def preferred(self) -> tuple[int, ...]:
        """GPU indices, those without much memory in foreign hands first."""
        return tuple(gpu["index"] for gpu in sorted(self.gpus, key=lambda gpu: (_crowded(gpu), gpu["index"])))

    def describe(self) -> dict[str, Any]:
        """The content of machine.json: loads are 0..1, sizes bytes, temperatures degrees Celsius."""
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._home))
        return {
            "updated": time.time(),
            "scheduler": os.getpid(),
            "gpus": self.gpus,
            "gpu_message": self.gpu_message,
            "cpu": {
                "name": _cpu_name(),
                "count": os.cpu_count(),
                "load": psutil.cpu_percent() / 100,
                "memory_total": memory.total,
                "memory_used": memory.total - memory.available,
            },
            "disk": {"total": disk.total, "free": disk.free},
        }

    def _connect(self) -> bool:
        try:
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
        except pynvml.NVMLError as error:
            self.gpu_message = f"No GPU found ({error}): everything runs on the CPU."
            return False
        if not count:
            self.gpu_message = "No GPU found: everything runs on the CPU."
        return bool(count)

    def _read_gpus(self, holders: Mapping[str, tuple[int, ...]]) -> list[dict[str, Any]]:
        try:
            gpus = [_gpu(index) for index in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:
            self.gpu_message = f"The GPUs cannot be read: {error}."
            return self.gpus
        for gpu in gpus:
            gpu["job"] = next((job for job, held in holders.items() if gpu["index"] in held), None)
            processes = gpu.pop("processes")
            gpu["foreign"] = [process for process in processes if not _is_ours(process["pid"], self._home)]
        return gpus


def _gpu(index: int) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return {
        "index": index,
        "name": _text(pynvml.nvmlDeviceGetName(handle)),
        "uuid": _text(pynvml.nvmlDeviceGetUUID(handle)),
        "memory_total": memory.total,
        "memory_used": memory.used,
        "load": _maybe(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100),
        "temperature": _maybe(lambda: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)),
        "processes": _processes(handle),
    }


def _processes(handle: Any) -> list[dict[str, Any]]:
    found = _maybe(lambda: pynvml.nvmlDeviceGetComputeRunningProcesses(handle)) or []
    found += _maybe(lambda: pynvml.nvmlDeviceGetGraphicsRunningProcesses(handle)) or []
    return [{"pid": process.pid, "memory": process.usedGpuMemory, **_who(process.pid)} for process in found]


def _who(pid: int) -> dict[str, str]:
    try:
        process = psutil.Process(pid)
        return {"name": process.name(), "user": process.username()}
    except psutil.Error:  # gone, another user's, or numbered otherwise than in this container
        return {"name": "", "user": ""}


def _is_ours(pid: int, home: Path) -> bool:
    """Workers and inspectors carry the home they belong to in their environment."""
    try:
        return bool(psutil.Process(pid).environ().get("FOVEAL_CHILD") == str(home))
    except psutil.Error:
        return False


def _crowded(gpu: Mapping[str, Any]) -> bool:
    return sum(process["memory"] or 0 for process in gpu["foreign"]) > CROWDED


def _maybe(read: Callable[[], Any]) -> Any:
    """None for what this GPU or driver does not tell."""
    try:
        return read()
    except pynvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@cache
def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
