"""Starts a child that ignores SIGTERM, and waits for ever."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from jobs.folder import JobFolder
from jobs.job import Job

_CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(300)"


def run(_folder: JobFolder, _job: Job) -> Iterator[dict[str, Any]]:
    """Tell the child's process number as an artifact once it ignores SIGTERM."""
    child = subprocess.Popen([sys.executable, "-c", _CHILD], stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    yield {"kind": "artifact", "name": "child", "value": child.pid}
    time.sleep(300)
