"""Asking the warm inspectors: starts them on first use, again after a crash, and ends them when they exceed a deadline.

There are two: one answers about trained models, the other about sources that nobody has run yet, so that a source which
hangs or crashes holds up nobody's classification. Both are confined (jobs/sandbox) unless FOVEAL_CONFINE is 0.

Plain sockets and locks only, so it works in plain Python and under gevent's patches (then from greenlets of one hub;
not from gevent's thread pool).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from data.errors import InvalidOptions, UserError
from jobs import frames
from jobs.executors.local import worker_environment
from jobs.failures import signal_name
from jobs.folder import tail_bytes
from jobs.inspector import OVER_MEMORY, OVER_THREADS, READY

START_DEADLINE = 120.0  # seconds; importing PyTorch takes 2 to 20, by machine and disk
AT_ONCE = 8  # requests that are worked on at the same time; more wait
_LONGEST_PATH = 100  # bytes; the kernel takes 107 for the address of a unix socket
_MOST_THREADS = 4  # of torch in the inspector
_LOG_KEPT = 2**20  # bytes of the log kept when an inspector starts

SOURCES, MODELS = "sources", "models"
ABOUT_SOURCES = frozenset(
    {
        "check_network",
        "describe_network",
        "describe_file",
        "document_layer",
        "find_rate",
        "match_weights",
        "measure_preflight",
        "preflight",
    }
)
"""Requests that the inspector of sources answers."""

Answer = tuple[dict[str, Any], list[bytes]]


class InspectorDied(UserError):
    """The inspector could not start, or crashed over this request; the next request gets a new one."""


class InspectorTimeout(UserError):
    """The request was not answered in time and has been stopped."""


class InspectorFailed(UserError):
    """The request failed for a reason that is not the user's; the inspector's log has the details."""


class _Collateral(Exception):
    """The inspector was ended because of another request: this one may be asked again."""


class Inspectors:
    """The inspectors of one process: ``ask`` them; ``warm`` starts one ahead of requests; ``close`` ends them."""

    def __init__(self, home: Path, *, memory_limit: int | None = None) -> None:
        """``memory_limit`` in bytes; half of the machine's memory unless given."""
        self.home = Path(home)
        self.memory_limit = memory_limit if memory_limit is not None else psutil.virtual_memory().total // 2
        self._processes: dict[str, _Process] = {}
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def warm(self, room: str = MODELS) -> None:
        """Start the inspector of SOURCES or MODELS if there is none, without waiting for it. Raises InspectorDied."""
        self._running(room)

    def ask(
        self, name: str, params: Mapping[str, Any], blobs: Sequence[bytes] = (), deadline: float = 20.0
    ) -> tuple[dict[str, Any], list[bytes]]:
        """What the request ``name`` answers: a JSON value and blobs.

        ``deadline`` in seconds counts from when the inspector is ready. Raises the UserError of the far side,
        InspectorTimeout (the inspector is then ended: nothing else stops a computation), InspectorDied or
        InspectorFailed.
        """
        if not self._places.acquire(timeout=deadline):
            raise InspectorTimeout(f"The inspector was busy with other requests for {deadline:g} s.", hint="Try again.")
        try:
            request = {"name": name, "params": dict(params)}
            room = SOURCES if name in ABOUT_SOURCES else MODELS
            try:
                return self._running(room).ask(request, blobs, deadline)
            except _Collateral:
                return self._running(room).ask(request, blobs, deadline)
        except _Collateral:
            raise InspectorDied(
                "The inspector was restarted twice because of other requests.", hint="Try again."
            ) from None
        finally:
            self._places.release()

    def close(self) -> None:
        """End the inspectors; a later ``ask`` starts others."""
        with self._lock:
            processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            process.end()

    def _running(self, room: str) -> _Process:
        with self._lock:
            process = self._processes.get(room)
            if process is None or process.ended:
                if process is not None:
                    process.end()
                process = self._processes[room] = _Process(self.home, self.memory_limit, room)
            return process


class _Process:
    """One inspector process with its idle connections and its scratch folder."""

    def __init__(self, home: Path, memory_limit: int, room: str = MODELS) -> None:
        self._log = home / "run" / ("inspector.log" if room == MODELS else f"inspector-{room}.log")
        self._room = room
        self._idle: list[socket.socket] = []
        self._ended_by_us = False
        self._memory_limit = memory_limit
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._socket = _socket_path(home)
            self._scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self._log.parent))
            self._child = self._start(home)
        except OSError as error:
            raise InspectorDied(f"The inspector could not start: {error}.") from error

    def _start(self, home: Path) -> subprocess.Popen[bytes]:
        """In a group of its own; the pipe to its standard input closes when this process ends, however it ends."""
        with self._log.open("ab") as log:
            if log.tell() > _LOG_KEPT:
                log.truncate(0)
            self._log_start = log.seek(0, os.SEEK_END)
            limit = ["--memory-limit", str(self._memory_limit)]
            if self._room == SOURCES:
                limit.append("--warm-up")
            if os.environ.get("FOVEAL_CONFINE", "1") != "0":
                limit += ["--scratch", str(self._scratch.absolute())]
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "jobs.inspector", *limit, str(self._socket)],
                cwd=home,
                env=_environment(home, self._scratch.absolute()),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        return self._ended_by_us or self._child.poll() is not None

    def ask(self, request: Mapping[str, Any], blobs: Sequence[bytes], deadline: float) -> Answer:
        """Send a request and wait for its answer on a connection of its own."""
        connection = self._connection()
        try:
            until = time.monotonic() + deadline
            frames.send(connection, request, blobs, until)
            answer, results = frames.receive(connection, until)
        except TimeoutError:
            connection.close()
            self.end()
            raise InspectorTimeout(
                f"The answer took longer than {deadline:g} s and was stopped.",
                hint="Try a smaller input, or a smaller network.",
            ) from None
        except (EOFError, OSError):
            connection.close()
            raise self._loss() from None
        except BaseException:  # the greenlet was killed: an answer may still be on its way
            connection.close()
            raise
        self._idle.append(connection)
        return _unpack(answer), results

    def end(self) -> None:
        """End the process with all it started."""
        self._ended_by_us = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        if self._child.stdin:
            self._child.stdin.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        with suppress(OSError):
            self._socket.unlink(missing_ok=True)
            if self._socket.parent != self._log.parent:
                self._socket.parent.rmdir()

    def _connection(self) -> socket.socket:
        with suppress(IndexError):
            return self._idle.pop()
        until = time.monotonic() + START_DEADLINE
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(max(0.1, until - time.monotonic()))
                connection.connect(str(self._socket))
                frames.receive(connection, until)  # its "ready"
                return connection
            except TimeoutError:
                connection.close()
                self.end()
                raise InspectorDied(f"The inspector did not start within {START_DEADLINE:g} s.") from None
            except (EOFError, OSError):  # not listening yet, or no longer
                connection.close()
                if self.ended or time.monotonic() > until:
                    raise self._loss(starting=True) from None
                time.sleep(0.02)

    def _loss(self, *, starting: bool = False) -> Exception:
        """Why a connection broke."""
        if self._ended_by_us:
            return _Collateral()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)
        code = self._child.poll()
        if code == OVER_MEMORY:
            limit = f"{self._memory_limit / 1e9:.1f} GB"
            return InspectorDied(f"The request needed more than {limit} of memory.", hint="Try a smaller one.")
        if code == OVER_THREADS:
            return InspectorDied("The request started thousands of threads and was stopped.")
        how = f"was killed by {signal_name(-code)}" if code and code < 0 else f"ended with exit code {code}"
        text = tail_bytes(self._log, 4096, self._log_start).decode("utf-8", "replace").strip()
        lines = [line for line in text.splitlines() if READY not in line]
        last = lines[-1] if lines else "it wrote nothing"
        what = "could not start" if starting else f"{how} while it worked on this request"
        return InspectorDied(f"The inspector {what}: {last}", hint=f"{self._log} has the details.")


def _environment(home: Path, scratch: Path) -> dict[str, str]:
    """A worker's, but with every GPU that the server sees, and with threads that leave room for trainings.

    What libraries want to keep in files goes to the scratch folder, the only one where the inspector may write.
    """
    values = worker_environment(home, ())
    values.pop("CUDA_VISIBLE_DEVICES")
    own = os.environ.get("CUDA_VISIBLE_DEVICES")
    threads = os.environ.get("OMP_NUM_THREADS", str(min(_MOST_THREADS, os.cpu_count() or 1)))
    places = dict.fromkeys(("TMPDIR", "CUDA_CACHE_PATH", "TRITON_CACHE_DIR", "MPLCONFIGDIR"), str(scratch))
    values |= {**places, "PYTHONDONTWRITEBYTECODE": "1"}
    return {**values, "OMP_NUM_THREADS": threads, **({} if own is None else {"CUDA_VISIBLE_DEVICES": own})}


def _unpack(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The result, or the error of the far side raised here."""
    if "error" in answer:
        error = answer["error"]
        if error["fields"]:
            raise InvalidOptions(error["fields"])
        raise UserError(error["message"], field=error["field"], hint=error["hint"])
    if "failure" in answer:
        raise InspectorFailed(f"The request failed: {answer['failure']}", hint="The inspector's log has the details.")
    result: dict[str, Any] = answer["result"]
    return result


def _socket_path(home: Path) -> Path:
    """In home/run; where that is too long for a socket, in a private folder of the system's temporary one."""
    name = f"inspector-{os.getpid()}-{time.monotonic_ns() % 10**9}.sock"
    path = home.absolute() / "run" / name
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="foveal-")) / name
