"""Confines a worker before the code of a network runs in it: what a task that runs one asks for, and how it is done."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jobs.folder import JobFolder
from jobs.sandbox import Sandbox, memory, places

LARGEST_FILE = 1 << 40
"""Bytes: a checkpoint may be large."""
SCRATCH = "tmp"
KEPT = ("series", "tensorboard", "layers", "checkpoints", "artifacts", "diary", "validations")
"""What of a job's folder its worker may change, beside events.jsonl. The rest (job.json, handle.json, label.json,
control.jsonl, exit) tells the web and the scheduler what to do, and is theirs."""
_CACHES = ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "MPLCONFIGDIR")


def confine(folder: JobFolder, shown: Iterable[Path | str | None], *, programs: bool = False) -> dict[str, Any]:
    """The event by which a task says: everything is imported and fetched, now the code of a network comes.

    The worker then gives up writing anywhere but into what a job keeps, reading the rest of the server's home (other
    jobs, the database) but for ``shown``, the network, and programs (but where ``programs`` are compilers).
    """
    seen = tuple(Path(place) for place in shown if place)
    kept = tuple(folder.path / name for name in KEPT)
    for place in kept:
        place.mkdir(exist_ok=True)
    sandbox = Sandbox(
        scratch=folder.path / SCRATCH,
        memory=memory.most(),
        writes=(*kept, folder.events_path),
        hidden=(folder.path.parents[1], *places.secrets()),
        shown=(folder.path, *seen),
        programs=programs,
        largest=LARGEST_FILE,
    )
    return {"kind": "confine", "sandbox": sandbox}


def enter(sandbox: Sandbox) -> None:
    """Carry that out, unless FOVEAL_CONFINE is 0; temporary files and caches go to the job's own folder."""
    if os.environ.get("FOVEAL_CONFINE", "1") == "0":
        return
    tidy(sandbox.scratch)
    sandbox.scratch.mkdir(exist_ok=True)
    os.environ |= dict.fromkeys(_CACHES, str(sandbox.scratch))
    tempfile.tempdir = None
    sandbox.enter()
    sandbox.close()


def tidy(scratch: Path) -> None:
    """Remove what an earlier worker, or this one, left in the folder for temporary files."""
    shutil.rmtree(scratch, ignore_errors=True)
