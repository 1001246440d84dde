"""The server as a process: starts, keeps a scheduler, adopts one that is there, and ends in order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from app.supervisor import lock_holder
from benchmarks._server import running, start

pytestmark = pytest.mark.process


def wait_for(what: Callable[[], object], seconds: float = 15.0) -> object:
    """The first true answer of ``what``; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def scheduler(home: Path) -> int | None:
    """The process of the home's scheduler."""
    return lock_holder(home / "run" / "scheduler.lock")


def test_a_scheduler_is_kept_and_ends_with_the_server(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        first = int(str(wait_for(lambda: scheduler(tmp_path))))
        wait_for(lambda: not requests.get(f"{server.url}/api/v1/machine", timeout=5).json()["stale"])
        os.kill(first, signal.SIGKILL)
        second = int(str(wait_for(lambda: (found := scheduler(tmp_path)) and found != first and found)))
        assert server.process.poll() is None
    assert server.process.returncode == 0
    assert scheduler(tmp_path) is None
    assert not Path(f"/proc/{second}").exists()


def test_a_scheduler_survives_the_web_and_is_found_again(tmp_path: Path) -> None:
    first = start(tmp_path)
    pid = wait_for(lambda: scheduler(tmp_path))
    first.process.kill()
    first.process.wait()
    assert scheduler(tmp_path) == pid
    with running(tmp_path) as second:
        assert requests.get(f"{second.url}/api/v1/me", timeout=5).json()["name"] == "local"
        time.sleep(1.5)
        assert scheduler(tmp_path) == pid
    assert scheduler(tmp_path) is None
