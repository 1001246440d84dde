"""A real Foveal server for benchmarks and tests: ``python run.py serve`` on a free port, ended with its scheduler."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

ROOT = Path(__file__).parent.parent


@dataclass
class Server:
    """A running server: its address, its process, and the seconds from its start to its first answer."""

    url: str
    process: subprocess.Popen[str]
    seconds: float

    @property
    def megabytes(self) -> float:
        """Resident memory of the web process."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it as Ctrl-C would."""
        self.process.send_signal(number)
        self.process.wait(20)


def start(home: Path, *arguments: str, **environment: str) -> Server:
    """Start a server and wait until it answers. Raises RuntimeError with what it said where it does not."""
    began = time.perf_counter()
    command = [sys.executable, str(ROOT / "run.py"), "serve", "--port", "0", "--home", str(home), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment})
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if found is None:
        process.kill()
        raise RuntimeError(f"the server did not start: {line}")
    url = found.group().rstrip("/")
    requests.get(url + "/login", timeout=20)
    return Server(url, process, time.perf_counter() - began)


@contextmanager
def running(home: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """A server for the time of a ``with`` block."""
    server = start(home, *arguments, **environment)
    try:
        yield server
    finally:
        server.stop()


def finished(url: str, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Create a job ("datasets", "models") and wait for its end. Raises RuntimeError where that is not Done."""
    answer = requests.post(f"{url}/api/v1/{kind}", json=values, timeout=60)
    if not answer.ok:
        raise RuntimeError(answer.text)
    address = f"{url}/api/v1/{kind}/{answer.json()['id']}"
    while True:
        job: dict[str, Any] = requests.get(address, timeout=60).json()
        if job["status"] in ("Done", "Error", "Aborted"):
            break
        time.sleep(0.5)
    if job["status"] != "Done":
        raise RuntimeError(f"{job['name']}: {job['status']}, {job.get('error')}")
    return job
