"""The worker: ``python -m jobs.worker FOLDER`` carries out one job and writes what happens into its folder."""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import jobs.tasks
from data.errors import UserError
from jobs.confine import SCRATCH, enter, tidy
from jobs.failures import TAKEN, UNRECORDED, Failure, explain
from jobs.folder import EventLog, JobFolder
from jobs.job import Job, Status
from jobs.processes import start_mark
from jobs.recorder import Recorder
from jobs.sandbox import memory

Task = Callable[[JobFolder, Job], Iterable[Mapping[str, Any]]]


class Terminated(BaseException):
    """SIGTERM came. Not an Exception, so that a task's own error handling does not swallow it."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the job of the folder named on the command line; the exit code is 0, 1, TAKEN or UNRECORDED + errno."""
    folder = JobFolder(Path((sys.argv[1:] if arguments is None else arguments)[0]))
    signal.signal(signal.SIGTERM, _terminate)
    memory.goes_first()
    try:
        code = work(folder, confined=True)
    except Terminated:
        code = 128 + signal.SIGTERM
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that a task left behind must not keep the worker alive


def work(folder: JobFolder, *, confined: bool = False) -> int:
    """Carry out the job: Running first, then what the task yields, then Done or Error. Returns the exit code.

    A task whose last word is the status Paused is not Done. ``confined`` is for a process of the job's own, which can
    never leave the sandbox again: somebody who calls this in a process that goes on is not locked into it.
    """
    try:
        lock = (folder.path / "worker.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return TAKEN
    except OSError as error:
        return _fail(folder, error)
    with lock:
        try:
            _run(folder, confined)
        except Terminated:
            raise
        except BaseException as error:  # noqa: BLE001 - a task may raise anything, SystemExit included
            return _fail(folder, error)
        return 0


def load_task(name: str) -> Task:
    """The ``run`` of jobs/tasks/<name>.py; FOVEAL_TASK_PATH names further folders of tasks.

    Raises UserError where there is none of that name.
    """
    extra = os.environ.get("FOVEAL_TASK_PATH")
    jobs.tasks.__path__.extend(extra.split(os.pathsep) if extra else [])
    if not name.isidentifier() or importlib.util.find_spec(f"jobs.tasks.{name}") is None:
        raise UserError(f"This Foveal knows no task {name!r}.", hint="Was the job made by a newer version?")
    run: Task = importlib.import_module(f"jobs.tasks.{name}").run
    return run


def _run(folder: JobFolder, confined: bool) -> None:
    with Recorder(folder) as recorder:
        pid = os.getpid()
        recorder.write({"kind": "status", "status": Status.RUNNING.value, "pid": pid, "mark": start_mark(pid)})
        job = folder.job()
        for event in load_task(job.task)(folder, job):
            if event["kind"] == "confine":
                if confined:
                    with recorder.still():
                        enter(event["sandbox"])
                continue
            recorder.write(event)
    tidy(folder.path / SCRATCH)
    if folder.state().status is not Status.PAUSED:  # what several ranks said last is in the folder only
        EventLog(folder.events_path).append("status", status=Status.DONE.value)


def _fail(folder: JobFolder, error: BaseException) -> int:
    """Write the Error; where even that is impossible the exit code carries the reason to the scheduler."""
    traceback.print_exception(error)
    failure = explain(error, folder.path)
    try:
        _append_error(folder, failure)
    except OSError as second:
        print(f"This error could not be written into the job's folder: {second}", file=sys.stderr)
        return UNRECORDED + (second.errno or 0)
    return 1


def _append_error(folder: JobFolder, failure: Failure) -> None:
    sys.stderr.flush()
    EventLog(folder.events_path).append(
        "status", status=Status.ERROR.value, error=failure.error, hint=failure.hint, log=folder.log_tail()
    )


def _terminate(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends us on the spot
    raise Terminated


if __name__ == "__main__":
    main()
