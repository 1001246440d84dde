"""One of several processes that train a model together: ``python -m jobs.rank FOLDER``, started by torchrun.

The first rank writes the job's events, curves and checkpoints, as a worker of its own would; the others only compute.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from data.errors import UserError
from data.whole import write_json
from jobs.confine import enter
from jobs.failures import explain
from jobs.folder import JobFolder
from jobs.recorder import Recorder
from jobs.sandbox import Sandbox, memory

_PARENT_DEATH = 1  # PR_SET_PDEATHSIG
PATIENCE = 10.0
"""Seconds that the others wait for the first rank to say why the training ends (a diverged loss, say)."""


def main() -> NoReturn:
    """Train; what goes wrong is left in the folder for the worker. The exit code is 0 or 1."""
    folder, rank = JobFolder(Path(sys.argv[1])), int(os.environ["RANK"])
    _die_with_parent()
    memory.goes_first()
    code = 0
    try:
        _work(folder, rank)
    except BaseException as error:  # noqa: BLE001 - a network may raise anything
        code = 1
        traceback.print_exception(error)
        if rank and isinstance(error, UserError):
            time.sleep(PATIENCE)
        failure = explain(error, folder.path)
        said = {"error": failure.error, "hint": failure.hint, "expected": isinstance(error, UserError)}
        write_json(failure_path(folder, rank), said)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def failure_path(folder: JobFolder, rank: int) -> Path:
    """Where a rank leaves why it ended."""
    return folder.artifacts / f"rank-{rank}.json"


def _work(folder: JobFolder, rank: int) -> None:
    from jobs.tasks.train_model import train_model

    events = train_model(folder, folder.job())
    if rank:
        _only_compute(folder, rank, events)
        return
    with Recorder(folder) as recorder:
        for event in events:
            if event["kind"] == "confine":
                with recorder.still():
                    enter(event["sandbox"])
                continue
            recorder.write(event)


def _only_compute(folder: JobFolder, rank: int, events: Iterable[Mapping[str, Any]]) -> None:
    """What the other ranks would say is what the first says; each has temporary files of its own."""
    for event in events:
        if event["kind"] == "confine":
            sandbox: Sandbox = event["sandbox"]
            enter(replace(sandbox, scratch=folder.path / f"tmp-{rank}"))


def _die_with_parent() -> None:
    """Linux ends this process when torchrun's does, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)


if __name__ == "__main__":
    main()
