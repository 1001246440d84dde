"""What the code of a network may do inside of an inspector or a worker: compute, read files, write into few folders.

Three layers, each of which may be missing without the others: the kernel's Landlock (writing, reading what is hidden,
TCP, signals) and seccomp (programs, sockets, signals) on Linux, and Python's audit hook everywhere, which puts the
refusal into words. It guards against mistakes and against code pasted from strangers; people who share an inspector
share its memory. docs/safety.md says what is and what is not kept out.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.sandbox import capabilities, guard, landlock, places, seccomp

log = logging.getLogger("foveal.inspector")

LARGEST_FILE = 1 << 30  # bytes of one file in the scratch folder
DEVICES = ("/dev/null", "/dev/zero", "/dev/shm", "/dev/dri")  # noqa: S108  memory shared with the driver
"""What may be written to beside the scratch folder, and the GPUs' devices."""


@dataclass(frozen=True)
class Sandbox:
    """``scratch`` is a folder that may be written to, for temporary files; ``memory`` limits data in bytes (0: not).

    ``writes`` are further files and folders that may be written to. What is in ``hidden`` may not be read, but for
    ``shown``, for what may be written, and for Python's own code. ``walled``: the kernel sees to that as well, but what
    is made later beside the folders around a hidden one is then not seen either. ``programs``: compilers may be
    started (they are confined as well). ``largest`` is the size of a file in bytes.
    """

    scratch: Path
    memory: int = 0
    writes: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    shown: tuple[Path, ...] = ()
    walled: bool = True
    programs: bool = False
    largest: int = LARGEST_FILE

    def enter(self) -> None:
        """Give up what the kernel can take away for good; call it before threads are started."""
        for what in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
            _limit(what, self.largest if what == resource.RLIMIT_FSIZE else 0)
        if self.memory and not gpus():
            _limit(resource.RLIMIT_DATA, self.memory)
        if sys.platform == "linux":
            _try("Giving up capabilities", capabilities.drop)
        _try("Landlock", lambda: landlock.restrict(self.writable(), self._readable()))

    def close(self) -> None:
        """Give up starting programs, sockets and signals, once everything is imported; all threads follow."""
        guard.engage(self.writable(), self._hidden(), self._exceptions(), programs=self.programs)
        local = bool(gpus()) or self.programs
        _try("seccomp", lambda: seccomp.restrict(local_sockets=local, programs=self.programs))

    def writable(self) -> Sequence[Path]:
        """Files and folders that may be written to."""
        devices = (Path(device) for device in (*DEVICES, *gpus()) if os.path.exists(device))
        return [self.scratch, *self.writes, *devices]

    def _hidden(self) -> tuple[str, ...]:
        return places.real(self.hidden)

    def _exceptions(self) -> tuple[str, ...]:
        return places.exceptions((*self.shown, *places.code(), *self.writable()), self._hidden())

    def _readable(self) -> Sequence[Path] | None:
        """What the kernel lets be read; None: everything."""
        if not self.hidden or not self.walled:
            return None
        return [Path(place) for place in (*places.around(self._hidden()), *self._exceptions())]


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
