"""Writes 4 MB into the job's artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data.whole import write_whole
from jobs.folder import JobFolder
from jobs.job import Job


def run(folder: JobFolder, _job: Job) -> Iterator[dict[str, Any]]:
    """Meet a full disk, or a limit on the size of files."""
    yield {"kind": "progress", "fraction": 0.1, "phase": "Filling"}
    write_whole(folder.artifacts / "filled.bin", bytes(4_000_000))
