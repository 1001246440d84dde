"""Keeps one scheduler process running: starts it, restarts it when it dies, adopts one that is there already."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from app.config import Settings
from jobs.alerts.settings import AlertSettings
from jobs.folder import tail_bytes

log = logging.getLogger("foveal")

LOOK_EVERY = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before the first and before a late restart; the pause doubles each time."""
HEALTHY_AFTER = 60.0
"""Seconds of running after which a death counts as the first one again."""
LARGEST_LOG = 5_000_000


class Supervisor:
    """Looks after the scheduler of one home. The scheduler has a session of its own, so it survives this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = settings.home / "run"
        self.run.mkdir(parents=True, exist_ok=True)
        AlertSettings.of(settings.model_dump()).write(settings.home)  # also for a scheduler that runs already
        self.log_path = self.run / "scheduler.log"
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE
        self._not_before = 0.0
        self._stopped = False

    def watch(self) -> None:
        """Look every second until :meth:`stop`; run this in a greenlet or thread of its own."""
        while not self._stopped:
            try:
                self.look()
            except OSError as error:
                log.warning("the scheduler cannot be started: %s", error)
            time.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Start a scheduler where none is running and the pause after its last death is over."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            self._child = None
            self._died(code)
        if time.monotonic() >= self._not_before and not is_locked(self.run / "scheduler.lock"):
            self._start()

    def stop(self, patience: float = 5.0) -> None:
        """End the scheduler, own or adopted; its workers go on and are found again at the next start."""
        self._stopped = True
        pid = self._child.pid if self._child else lock_holder(self.run / "scheduler.lock")
        if pid is None:
            return
        _send(pid, signal.SIGTERM)
        end = time.monotonic() + patience
        while time.monotonic() < end and (self._child.poll() is None if self._child else _alive(pid)):
            time.sleep(0.05)

    def _start(self) -> None:
        command = [sys.executable, "-m", "jobs.scheduler", str(self.settings.home)]
        command += ["--cpu-slots", str(self.settings.cpu_slots)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if self.settings.database_url:  # by environment: a command line can be read by everybody on the machine
            environment["FOVEAL_DATABASE_URL"] = self.settings.database_url
        with self._log() as output:
            self._child = subprocess.Popen(
                command,
                cwd=Path(__file__).parent.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._started = time.monotonic()

    def _died(self, code: int) -> None:
        if time.monotonic() - self._started > HEALTHY_AFTER:
            self._pause = FIRST_PAUSE
        said = tail_bytes(self.log_path, 2000).decode("utf-8", "replace").strip().splitlines()
        why = f" It said: {said[-1]}" if said else ""
        log.warning("the scheduler ended (%s); it is started again in %.0f s.%s", _exit_words(code), self._pause, why)
        self._not_before = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _log(self) -> IO[bytes]:
        """The scheduler's log, begun anew where it has grown large (the one before is kept)."""
        if self.log_path.exists() and self.log_path.stat().st_size > LARGEST_LOG:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        return self.log_path.open("ab")


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock file: a scheduler is at work."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def lock_holder(path: Path) -> int | None:
    """The process that holds the lock, None where nobody does."""
    try:
        return int(path.read_text()) if is_locked(path) else None
    except (OSError, ValueError):
        return None


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        log.info("the scheduler had ended already")


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _exit_words(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
