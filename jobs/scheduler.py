"""The scheduler: ``python -m jobs.scheduler HOME`` starts what can run, follows it, and ends what is not wanted.

One per home. It may be stopped and started at any time: workers go on, and the next scheduler finds them again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO

import click
from sqlalchemy.exc import SQLAlchemyError

from jobs import trials
from jobs.alerts.watch import AlertWatch
from jobs.executors import Executor, Handle
from jobs.executors.local import LocalExecutor
from jobs.failures import TAKEN, Exit, Failure, explain, explain_exit
from jobs.folder import BrokenFolder, EventLog
from jobs.job import Job, Status
from jobs.plan import Capacity, Parent, Request, plan
from jobs.resources import Machine
from jobs.scan import scan
from jobs.store import Store
from jobs.tables import JobRow
from jobs.watched import Follower, Watched

log = logging.getLogger("foveal.scheduler")

TICK = 0.1  # seconds
GRACE = 3.0  # seconds between asking a worker to end and ending it
REPLAN = 5.0  # seconds after which expected waits are told anew
AGAIN = "to go on from where it stopped"
REST = 5.0  # seconds before a job that could not be handled is tried again


class Scheduler:
    """The loop around ``plan``. Only this class changes status, fraction, summary and gpus of rows."""

    def __init__(self, store: Store, executor: Executor, machine: Machine, cpu_slots: int = 1) -> None:
        self.store = store
        self.executor = executor
        self.machine = machine
        self.cpu_slots = cpu_slots
        self._rows: dict[str, JobRow] = {}
        self._watched: dict[str, Watched] = {}
        self._jobs: dict[str, Job] = {}
        self._version: int | None = None
        self._resting: dict[str, float] = {}
        self._trials: dict[str, set[str]] = {}  # of each search, the models that were looked at
        self._planned = -REPLAN
        self._changed = True
        self._scan = scan(store)

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop``. A database that does not answer is waited for; one broken job does not stop the rest."""
        while not stop.wait(TICK):
            try:
                self.tick()
            except SQLAlchemyError:
                log.exception("the database does not answer; trying again")
                stop.wait(1.0)

    def tick(self) -> None:
        """One round: look at the machine, read what is wanted, follow what runs, start what can."""
        self._look_at_machine()
        self._refresh()
        for job_id in [*self._rows]:
            self._guarded(job_id, self._attend)
        if self._changed or (self._rows and time.monotonic() - self._planned >= REPLAN):
            self._decide()
        self._scan_on()

    def _scan_on(self) -> None:
        """Compare some more folders with their rows; nothing once all have been."""
        try:
            next(self._scan, None)
        except OSError as error:
            log.warning("the job folders cannot be compared with the database: %s", error)

    def _look_at_machine(self) -> None:
        try:
            self.machine.refresh({job_id: watched.handle.gpus for job_id, watched in self._watched.items()})
        except OSError as error:
            log.warning("machine.json cannot be written: %s", error)

    def _refresh(self) -> None:
        """Read the live rows if anybody has committed since; look for the workers of those not known before."""
        version = self.store.version()
        if version == self._version:
            return
        known, self._rows = self._rows, {row.id: row for row in self.store.live()}
        # A worker that has said Done and not yet gone still holds its slot: its row is no longer live, but attended to.
        self._rows.update({job_id: known[job_id] for job_id in self._watched if job_id not in self._rows})
        for job_id in self._rows.keys() - known.keys():
            self._guarded(job_id, self._adopt)
        self._version, self._changed = version, True

    def _guarded(self, job_id: str, action: Callable[[str], object]) -> None:
        """One job that cannot be handled is said to be broken, left alone for a while, and stops nobody else."""
        if time.monotonic() < self._resting.get(job_id, 0.0):
            return
        try:
            action(job_id)
        except SQLAlchemyError:
            raise
        except BrokenFolder as error:
            self._break(job_id, str(error))
        except Exception as error:
            log.exception("job %s cannot be handled", job_id)
            self._resting[job_id] = time.monotonic() + REST
            self.store.edit(job_id, broken=f"{type(error).__name__}: {error}")

    # -- a job that was started ----------------------------------------------------------------------------------

    def _adopt(self, job_id: str) -> None:
        """Follow a worker that an earlier scheduler started, whether it still lives or has ended meanwhile.

        A row that is in a final state was settled after its worker had gone: it is here to be deleted or resumed.
        """
        if Status(self._rows[job_id].status).settled:
            return
        folder = self.store.folder(job_id)
        handle = self.executor.adopt(folder)
        if handle is None or job_id in self._watched:
            return
        held = Handle(handle.executor, handle.id, handle.mark, handle.gpus or tuple(self._rows[job_id].gpus))
        self._watched[job_id] = Watched(folder, self._job(job_id), held)
        log.info("found the worker of job %s again (process %s)", job_id, handle.id)

    def _attend(self, job_id: str) -> None:
        """Honour requests, and take in what the worker wrote or how it ended."""
        row, watched = self._rows[job_id], self._watched.get(job_id)
        if watched is None:
            self._attend_idle(row)
            return
        if row.abort_requested or row.delete_requested:
            self._cancel(watched)
        ended = self.executor.poll(watched.folder, watched.handle)
        if ended is not None:
            self._finish(row, watched, ended)
        elif (summary := watched.look()) is not None:
            self.store.record(job_id, watched.state, summary)
        if row.type == trials.TYPE and not row.delete_requested:
            trials.make_missing(self.store, row, watched.state.trials, self._trials.setdefault(job_id, set()))

    def _attend_idle(self, row: JobRow) -> None:
        if row.delete_requested:
            self.store.remove(row.id)
            self._forget(row.id)
        elif row.abort_requested:
            self._conclude(row.id, Status.ABORTED)
        elif row.resume_requested and Status(row.status).settled:
            self._queue_again(row.id)

    def _queue_again(self, job_id: str) -> None:
        """A job that ended or was paused waits for its turn again; its worker finds out itself where to go on."""
        job = Follower(self.store.folder(job_id), self._job(job_id))
        job.look_finally()
        if (problem := job.say(Status.WAITING, reason=AGAIN)) is not None:
            raise problem
        self.store.record(job_id, job.state, job.look_finally(), resume_requested=False, abort_requested=False)
        self._rows.pop(job_id)
        self._version = None

    def _cancel(self, watched: Watched) -> None:
        now = time.monotonic()
        if watched.cancelled_at is None:
            watched.cancelled_at = now
            self.executor.cancel(watched.handle, force=False)
        elif now - watched.cancelled_at >= GRACE:
            self.executor.cancel(watched.handle, force=True)

    def _finish(self, row: JobRow, watched: Watched, ended: Exit) -> None:
        """The worker and all it started are gone: from here the scheduler writes the folder."""
        watched.look_finally()
        if ended.code == TAKEN and self._found_other(watched):
            return
        if not watched.state.status.finished:
            if watched.cancelled_at is not None or row.abort_requested or row.delete_requested:
                watched.say(Status.ABORTED)
            elif watched.state.status is not Status.PAUSED:
                self._say_failure(watched, explain_exit(ended, watched.folder.path))
        self._settle(watched)

    def _found_other(self, watched: Watched) -> bool:
        """A second worker was started for a job that had one: a scheduler was killed just after starting it."""
        watched.folder.handle_path.unlink(missing_ok=True)
        handle = self.executor.adopt(watched.folder)
        if handle is not None:
            watched.handle = handle
        return handle is not None

    def _say_failure(self, watched: Watched, failure: Failure) -> None:
        words = {"error": failure.error, "hint": failure.hint, "log": watched.folder.log_tail()}
        if (problem := watched.say(Status.ERROR, **words)) is not None:
            log.warning("job %s: its error is kept in the database only: %s", watched.job.id, problem)

    def _settle(self, job: Follower) -> None:
        """Record the final state; the row of a job to be deleted goes with the next round."""
        self.store.record(job.job.id, job.state, job.look_finally(), gpus=[], abort_requested=False)
        job.folder.handle_path.unlink(missing_ok=True)
        log.info("job %s: %s %s", job.job.id, job.state.status.value, job.state.error)
        self._forget(job.job.id)

    def _forget(self, job_id: str) -> None:
        for known in (self._rows, self._watched, self._jobs, self._resting, self._trials):
            known.pop(job_id, None)
        self._version, self._changed = None, True

    # -- a job that waits ----------------------------------------------------------------------------------------

    def _decide(self) -> None:
        """Carry out the plan."""
        holders = [watched.holder for watched in self._watched.values()]
        result = plan(self._requests(), holders, Capacity(self.machine.preferred, self.cpu_slots))
        self._changed, self._planned = False, time.monotonic()
        for job_id, gpus in result.start.items():
            self._guarded(job_id, partial(self._start, gpus=gpus))
        for job_id, reason in result.abort.items():
            self._guarded(job_id, partial(self._conclude, status=Status.ABORTED, reason=reason))
        for job_id, reason in result.reasons.items():
            self._guarded(job_id, partial(self._wait, reason=reason))

    def _requests(self) -> list[Request]:
        for row in [*self._rows.values()]:
            if _waits(row) and row.id not in self._watched:
                self._guarded(row.id, self._job)
        jobs = {job_id: self._jobs[job_id] for job_id, row in self._rows.items() if self._may_start(row)}
        parents = self.store.briefly(parent for job in jobs.values() for parent in job.parents)
        return [self._request(job, self._rows[job_id], parents) for job_id, job in jobs.items()]

    def _may_start(self, row: JobRow) -> bool:
        return _waits(row) and row.id in self._jobs and row.id not in self._watched

    def _request(self, job: Job, row: JobRow, rows: Mapping[str, JobRow]) -> Request:
        waits = job.options.get("wait", True)  # an evaluation of a model that already has a checkpoint does not
        parents = tuple(self._parent(parent, rows.get(parent)) for parent in job.parents) if waits else ()
        return Request(job.id, job.type, job.needs, parents, row.priority, row.created)

    def _parent(self, job_id: str, row: JobRow | None) -> Parent:
        if row is None or row.delete_requested:
            return Parent(job_id, f"job {job_id}", None)
        watched = self._watched.get(job_id)
        return Parent(job_id, f"{row.type} {row.name}", Status(row.status), watched.eta if watched else None)

    def _start(self, job_id: str, gpus: tuple[int, ...]) -> None:
        folder = self.store.folder(job_id)
        try:
            handle = self.executor.submit(folder, gpus)
        except OSError as error:
            failure = explain(error, folder.path)
            self._conclude(job_id, Status.ERROR, error=failure.error, hint=failure.hint)
            return
        self._watched[job_id] = Watched(folder, self._jobs[job_id], handle)
        self.store.edit(job_id, gpus=list(gpus))
        log.info("job %s: started (process %s, GPUs %s)", job_id, handle.id, list(gpus))

    def _wait(self, job_id: str, reason: str) -> None:
        row = self._rows[job_id]
        if (row.status, row.reason) == (Status.WAITING.value, reason):
            return
        try:
            EventLog(self.store.folder(job_id).events_path).append("status", status=Status.WAITING.value, reason=reason)
        except OSError as error:
            failure = explain(error, self.store.folder(job_id).path)
            self._conclude(job_id, Status.ERROR, error=failure.error, hint=failure.hint)
            return
        row.status, row.reason = Status.WAITING.value, reason
        self.store.edit(job_id, status=row.status, reason=reason)

    def _conclude(self, job_id: str, status: Status, **words: str) -> None:
        """End a job that has no worker."""
        job = Follower(self.store.folder(job_id), self._job(job_id))
        job.look_finally()
        if (problem := job.say(status, **words)) is not None:
            log.warning("job %s: %s is kept in the database only: %s", job_id, status.value, problem)
        self._settle(job)

    # -- folders -------------------------------------------------------------------------------------------------

    def _job(self, job_id: str) -> Job:
        """What was asked for, read once. Raises BrokenFolder."""
        if job_id not in self._jobs:
            self._jobs[job_id] = self.store.folder(job_id).job()
        return self._jobs[job_id]

    def _break(self, job_id: str, why: str) -> None:
        """A job whose folder cannot be read cannot run; it stays in the lists with the reason."""
        log.warning("job %s is broken: %s", job_id, why)
        now = time.time()
        self.store.edit(job_id, status=Status.ERROR.value, error=why, broken=why, finished=now, gpus=[])
        self._forget(job_id)


def _waits(row: JobRow) -> bool:
    wanted = not (row.abort_requested or row.delete_requested)
    return wanted and row.status in (Status.INITIALIZED.value, Status.WAITING.value)


class AlreadyRunning(Exception):
    """Another scheduler holds the lock of this home."""


def lock_home(home: Path) -> IO[str]:
    """The lock of the one scheduler of a home, held as long as the file is open. Raises AlreadyRunning."""
    path = home / "run" / "scheduler.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read().strip()
        file.close()
        raise AlreadyRunning(f"A scheduler (process {pid}) looks after {home} already.") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


@click.command()
@click.argument("home", type=click.Path(path_type=Path))
@click.option("--database-url", envvar="FOVEAL_DATABASE_URL", help="SQLAlchemy URL; default: SQLite in HOME.")
@click.option("--cpu-slots", type=click.IntRange(1), default=1, show_default=True, help="CPU trainings at once.")
def main(home: Path, database_url: str | None, cpu_slots: int) -> None:
    """Start, follow and end the jobs of the Foveal home HOME until SIGTERM; workers then go on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s scheduler: %(message)s", stream=sys.stderr)
    try:
        lock = lock_home(home)
    except AlreadyRunning as error:
        raise click.ClickException(str(error)) from None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with lock:
        store = Store(home, database_url)
        store.empty_trash()
        threading.Thread(target=AlertWatch(store).run, args=(stop,), name="alerts", daemon=True).start()
        Scheduler(store, LocalExecutor(), Machine(store.home), cpu_slots).run(stop)


if __name__ == "__main__":
    main()
