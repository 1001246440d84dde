"""Starting several processes for one training with torchrun's launcher, and saying in words how they ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data.errors import UserError
from jobs.failures import Exit, explain_exit
from jobs.folder import JobFolder
from jobs.rank import failure_path

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

LOOK_EVERY = 0.1  # seconds


def train_together(folder: JobFolder, size: int) -> None:
    """Run ``size`` ranks until all have ended; when one fails the others are ended too.

    Raises UserError that names the rank. A SIGTERM ends the ranks, then this process as it would have ended it.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    for rank in range(size):
        failure_path(folder, rank).unlink(missing_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, len(os.sched_getaffinity(0)) // size)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=size,
        run_id=folder.path.name,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        monitor_interval=LOOK_EVERY,
    )
    try:
        elastic_launch(config, sys.executable)("-P", "-m", "jobs.rank", str(folder.path))
    except SignalException:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    except ChildFailedError as error:
        raise _failure(folder, size, error.failures) from error
    finally:
        for rank in range(1, size):
            shutil.rmtree(folder.path / f"tmp-{rank}", ignore_errors=True)


def _failure(folder: JobFolder, size: int, failures: Mapping[int, ProcessFailure]) -> UserError:
    """What to say: a rank that was killed is the cause, then one that says why in words, then any other."""
    told = {rank: _told(folder, rank) for rank in range(size)}
    killed = [rank for rank, failed in failures.items() if failed.exitcode < 0 and failed.exitcode != -signal.SIGTERM]
    expected = [rank for rank in range(size) if told[rank].get("expected")]
    rank = (killed or expected or [rank for rank in range(size) if told[rank]] or [*failures])[0]
    if rank in expected and not killed:
        return UserError(told[rank]["error"], hint=told[rank]["hint"] or None)
    name = f"Process {rank + 1} of {size} (rank {rank})"
    if told[rank] and not killed:
        return UserError(f"{name} failed: {told[rank]['error']}", hint=told[rank]["hint"] or None)
    code = failures[rank].exitcode
    ended = explain_exit(Exit(signal=-code) if code < 0 else Exit.of_code(code), folder.path)
    return UserError(ended.error.replace("The worker", name), hint=ended.hint or None)


def _told(folder: JobFolder, rank: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(failure_path(folder, rank).read_text())
    except (OSError, ValueError):
        return {}
    return found
