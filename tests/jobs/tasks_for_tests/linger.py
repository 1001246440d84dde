"""Is done at once, but its process takes a while to go: its log is on a slow disk."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from typing import Any

from jobs.folder import JobFolder
from jobs.job import Job


def run(_folder: JobFolder, job: Job) -> Iterator[dict[str, Any]]:
    """The worker flushes its log after it has said Done."""
    sys.stdout = _Slow(float(job.options["seconds"]))
    yield {"kind": "artifact", "name": "asked", "value": True}


class _Slow(io.StringIO):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def flush(self) -> None:
        time.sleep(self.seconds)
