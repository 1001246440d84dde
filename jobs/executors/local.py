"""Workers as processes of this machine, each in a session of its own so that they outlive the scheduler."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from data.whole import write_json
from jobs.executors import Handle
from jobs.failures import Exit
from jobs.folder import JobFolder, Tail
from jobs.job import Status
from jobs.processes import boot_id, end_group, group_alive, start_mark

ROOT = Path(__file__).parents[2]
NICE = 1  # a hair below the web server, which must answer while workers compute

# The shell outlives its worker's signals and leaves the exit code in a file, for a scheduler that was away meanwhile.
_SHELL = 'trap : TERM INT HUP; "$@"; code=$?; echo $code > exit.part && mv -f exit.part exit; exit $code'
_SECRETS = ("FOVEAL_SECRET_KEY", "FOVEAL_DATABASE_URL", "FOVEAL_SMTP_PASSWORD")


class LocalExecutor:
    """``subprocess`` with a memory: handle.json and ``exit`` in the folder survive this process."""

    name = "local"

    def __init__(self) -> None:
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def submit(self, folder: JobFolder, gpus: Sequence[int]) -> Handle:
        """Start the worker in a new session, its output going to worker.log. Raises OSError."""
        folder.exit_path.unlink(missing_ok=True)
        with folder.log_path.open("ab") as log:
            child = subprocess.Popen(
                ["/bin/sh", "-c", _SHELL, "worker", *_command(folder)],
                cwd=folder.path,
                env=worker_environment(folder.path.parents[1], gpus),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        handle = Handle(self.name, child.pid, start_mark(child.pid) or "", tuple(gpus))
        self._children[child.pid] = child
        write_json(folder.handle_path, handle.to_dict())
        return handle

    def cancel(self, handle: Handle, *, force: bool) -> None:
        """SIGTERM, or with ``force`` SIGKILL, to the whole process group."""
        if _owned(handle) and group_alive(handle.id):
            end_group(handle.id, signal.SIGKILL if force else signal.SIGTERM)

    def poll(self, folder: JobFolder, handle: Handle) -> Exit | None:
        """How the shell ended; what the worker left running in its group is killed first."""
        child = self._children.get(handle.id)
        alive = child.poll() is None if child else start_mark(handle.id) == handle.mark
        if alive:
            return None
        if _owned(handle) and group_alive(handle.id):
            end_group(handle.id, signal.SIGKILL)
            return None
        self._children.pop(handle.id, None)
        if child and child.returncode < 0:
            return Exit(signal=-child.returncode)
        return Exit.of_code(child.returncode) if child else _left_behind(folder)

    def adopt(self, folder: JobFolder) -> Handle | None:
        """From handle.json; where the scheduler died before writing it, from the worker's own first event."""
        try:
            return Handle.from_dict(json.loads(folder.handle_path.read_text()))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return _from_events(folder)


def worker_environment(home: Path, gpus: Sequence[int]) -> dict[str, str]:
    """The environment of a worker: its GPUs (numbered as NVML does), our code, no secrets of the server."""
    kept = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    paths = [str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    return {
        **kept,
        **_training_environment(),
        "PYTHONPATH": os.pathsep.join(paths),
        "FOVEAL_CHILD": str(home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus)),
    }


def _training_environment() -> dict[str, str]:
    """Thread settings that torch reads when it is loaded, chosen by models/ (which is imported without torch here)."""
    if importlib.util.find_spec("models.training.environment") is None:
        return {}
    settings: dict[str, str] = importlib.import_module("models.training.environment").worker_environment()
    return settings


def _command(folder: JobFolder) -> list[str]:
    """-P keeps the job folder, which is the working directory, off the import path."""
    return ["nice", "-n", str(NICE), sys.executable, "-P", "-m", "jobs.worker", str(folder.path.absolute())]


def _owned(handle: Handle) -> bool:
    """Whether the group's number is still this worker's: its leader lives, or nobody took the number in this boot."""
    mark = start_mark(handle.id)
    return mark == handle.mark or (mark is None and handle.mark.startswith(boot_id()))


def _left_behind(folder: JobFolder) -> Exit:
    """What the shell wrote; nothing where it was killed too or the disk was full."""
    try:
        return Exit.of_code(int(folder.exit_path.read_text()))
    except (OSError, ValueError):
        return Exit()


def _from_events(folder: JobFolder) -> Handle | None:
    said = [event for event in Tail(folder.events_path).read() if event["kind"] == "status"]
    running = [event for event in said if event.get("pid") and event.get("mark")]
    # A job that was queued again has had a worker, and has none now.
    if not running or said[-1].get("status") == Status.WAITING.value:
        return None
    pid, mark = int(running[-1]["pid"]), str(running[-1]["mark"])
    if start_mark(pid) != mark:
        return Handle(LocalExecutor.name, pid, mark)
    group = os.getpgid(pid)
    return Handle(LocalExecutor.name, group, start_mark(group) or mark)
