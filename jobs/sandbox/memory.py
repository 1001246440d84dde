"""How much memory there is, and who goes first when it runs out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")


def most() -> int:
    """Bytes that a process of this machine (or container) can ever have, swap included."""
    whole = int(psutil.virtual_memory().total + psutil.swap_memory().total)
    return min([whole, *_limits()])


def goes_first() -> None:
    """Ask the kernel to end this process before the server when memory runs out; its own children follow."""
    with suppress(OSError):  # other systems have no such file, and some containers forbid it
        Path("/proc/self/oom_score_adj").write_text("500")


def _limits() -> list[int]:
    """What the control groups around this process allow."""
    own = _own_group()
    found = []
    for folder in [own, *own.parents]:
        if _GROUPS not in (folder, *folder.parents):
            break
        with suppress(OSError, ValueError):  # "max": no limit; the root has no such file
            found.append(int((folder / "memory.max").read_text()))
    return found


def _own_group() -> Path:
    with suppress(OSError, IndexError):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        name = next((line.split(":", 2)[2] for line in lines if line.startswith("0::")), "/")
        return _GROUPS / name.lstrip("/")
    return _GROUPS
