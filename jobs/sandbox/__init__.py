"""What the code of a network may do inside of an inspector: compute, read files, and write into one scratch folder.

Three layers, each of which may be missing without the others: the kernel's Landlock (writing, TCP, signals) and seccomp
(programs, sockets, signals) on Linux, and Python's audit hook everywhere, which puts the refusal into words. It guards
against mistakes and against code pasted from strangers; it hides no file that the server itself may read, and people
who share an inspector share its memory. docs/safety.md says what is and what is not kept out.
"""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.sandbox import guard, landlock, seccomp

log = logging.getLogger("foveal.inspector")

LARGEST_FILE = 1 << 30  # bytes of one file in the scratch folder
DEVICES = ("/dev/null", "/dev/zero", "/dev/shm", "/dev/dri")  # noqa: S108  memory shared with the driver
"""What may be written to beside the scratch folder, and the GPUs' devices."""


@dataclass(frozen=True)
class Sandbox:
    """``scratch`` is the one folder that may be written to; ``memory`` limits data in bytes (0: not at all)."""

    scratch: Path
    memory: int = 0

    def enter(self) -> None:
        """Give up what the kernel can take away for good; call it before threads are started."""
        for what in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
            _limit(what, LARGEST_FILE if what == resource.RLIMIT_FSIZE else 0)
        if self.memory and not gpus():
            _limit(resource.RLIMIT_DATA, self.memory)
        _try("Landlock", lambda: landlock.restrict(self.writable()))

    def close(self) -> None:
        """Give up starting programs, sockets and signals, once everything is imported; all threads follow."""
        guard.engage(self.writable())
        _try("seccomp", lambda: seccomp.restrict(local_sockets=bool(gpus())))

    def writable(self) -> Sequence[Path]:
        """Files and folders that may be written to."""
        return [self.scratch, *(Path(device) for device in (*DEVICES, *gpus()) if os.path.exists(device))]


def gpus() -> list[str]:
    """The devices of NVIDIA's driver; it also wants local sockets."""
    try:
        return [f"/dev/{name}" for name in os.listdir("/dev") if name.startswith("nvidia")]
    except OSError:
        return []


def _limit(what: int, most: int) -> None:
    """Lower a limit of this process for good; one that is lower already stays."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _try(name: str, restrict: Callable[[], None]) -> None:
    """Kernels and containers differ; what they refuse is said in the log, and the other layers stay."""
    try:
        restrict()
    except OSError as error:
        log.warning("%s is not available here (%s): networks' code is held back by less", name, error.strerror)
