"""A job as the scheduler follows it: its folded state, its summary and, while it runs, its worker."""

from __future__ import annotations

import time
from typing import Any

from jobs.events import JobState, fold, fold_all
from jobs.executors import Handle
from jobs.folder import EventLog, JobFolder, Tail
from jobs.job import Job, Status
from jobs.plan import Holder, Request
from jobs.summary import Summary

EVERY = 0.25  # seconds between two looks into the folder


class Follower:
    """A job folder as it grows: ``look`` reads what was appended, ``say`` appends where no worker is at work."""

    def __init__(self, folder: JobFolder, job: Job) -> None:
        self.folder = folder
        self.job = job
        self.state = JobState()
        self._tail = Tail(folder.events_path)
        self._summary = Summary(folder)
        self._looked = -EVERY
        self._seen: tuple[int, int] = (-1, -1)

    def look(self) -> dict[str, Any] | None:
        """The new summary if there is news, None if not or if it is too early to look again."""
        if time.monotonic() - self._looked < EVERY:
            return None
        self._looked = time.monotonic()
        summary = self._read()
        seen = (self.state.seq, self._summary.points)
        if seen == self._seen:
            return None
        self._seen = seen
        return summary

    def look_finally(self) -> dict[str, Any]:
        """The summary of all there is, its size on disk measured again."""
        return self._read(final=True)

    def say(self, status: Status, **words: str) -> OSError | None:
        """Append a status event and fold it. An error of writing is returned: only the row can then tell."""
        event = {"seq": self.state.seq + 1, "time": time.time(), "kind": "status", "status": status.value, **words}
        try:
            EventLog(self.folder.events_path).append("status", status=status.value, **words)
        except OSError as error:
            self.state = fold(self.state, event)
            return error
        self.state = fold_all(self._tail.read(), self.state)
        return None

    def _read(self, *, final: bool = False) -> dict[str, Any]:
        self.state = fold_all(self._tail.read(), self.state)
        return self._summary.update(self.state, final=final)


class Watched(Follower):
    """A job with a worker: its handle, and when the worker was first asked to end (``time.monotonic``)."""

    def __init__(self, folder: JobFolder, job: Job, handle: Handle) -> None:
        super().__init__(folder, job)
        self.handle = handle
        self.cancelled_at: float | None = None

    @property
    def eta(self) -> float | None:
        """Seconds left by the worker's last word."""
        eta = self.state.progress.get("eta")
        return None if eta is None else max(0.0, float(eta) - (time.time() - self.state.updated))

    @property
    def holder(self) -> Holder:
        """What the job holds, for ``plan``."""
        pool = Request(self.job.id, self.job.type, self.job.needs).pool
        return Holder(self.job.id, pool, self.handle.gpus, self.job.needs.slots, self.eta)
