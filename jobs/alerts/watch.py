"""The thread that notices and sends: beside the scheduler's loop, so that a slow receiver does not hold it up.

What is to be told is found from the rows and folders alone, again after every restart; that it is told once is the
database's rule (one row for a channel, job, event and occasion).
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from jobs.alerts import outbox
from jobs.alerts.rules import Notice, ended, message, running
from jobs.alerts.send import Later, Refused, send
from jobs.alerts.settings import AlertSettings
from jobs.events import JobState, fold_all
from jobs.folder import Tail
from jobs.job import Status
from jobs.store import Store
from jobs.tables import AlertChannelRow, JobRow

log = logging.getLogger("foveal.alerts")

LOOK = 1.0  # seconds between two looks for what has ended, and for what is due
LOOK_RUNNING = 5.0  # between two looks at what runs
BACK = 3 * 86400.0
"""Seconds: what ended earlier, while no scheduler was at work, is no news any more."""
SENDERS = 4
FINAL = (Status.DONE.value, Status.ERROR.value)


class AlertWatch:
    """``look()`` is one round; :meth:`run` goes on until the event is set."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._ended: set[tuple[str, float]] = set()  # looked at already
        self._tails: dict[str, tuple[Tail, JobState]] = {}
        self._looked = -LOOK_RUNNING
        self._cleaned = 0.0
        self._pool = ThreadPoolExecutor(SENDERS, "alerts")

    def run(self, stop: threading.Event) -> None:
        """Look and send until ``stop``; whatever goes wrong in a round is logged, and the next one tries again."""
        recovered = False
        while not stop.wait(LOOK):
            try:
                if not recovered:
                    outbox.recover(self.store)
                    recovered = True
                self.look()
            except SQLAlchemyError:
                log.exception("the database does not answer; trying again")
            except Exception:
                log.exception("alerts cannot be looked for; trying again")
        self._pool.shutdown(wait=False, cancel_futures=True)

    def look(self) -> None:
        """Notice what happened, send what is due."""
        settings, now = AlertSettings.read(self.store.home), time.time()
        if channels := outbox.channels(self.store):
            self._notice(channels, settings, now)
        self.send_due(settings)
        if now - self._cleaned > 3600:
            self._cleaned = now
            outbox.clean(self.store, now)

    def send_due(self, settings: AlertSettings) -> None:
        """Send everything that is due, some at a time."""
        while letters := outbox.claim(self.store, time.time()):
            list(self._pool.map(lambda letter: self._deliver(letter, settings), letters))

    def _deliver(self, letter: outbox.Letter, settings: AlertSettings) -> None:
        try:
            send(letter.kind, letter.target, letter.message, letter.id, letter.created, settings)
        except Refused as error:
            outbox.settle(self.store, letter, str(error))
        except Later as error:
            outbox.settle(self.store, letter, str(error), again=True, wait=error.wait)
        except Exception as error:  # noqa: BLE001 - the other letters are to be sent whatever this one is
            log.warning("alert %s cannot be sent: %s", letter.id, type(error).__name__)  # a text may hold the address
            outbox.settle(self.store, letter, f"It could not be sent ({type(error).__name__}).", again=True)
        else:
            outbox.settle(self.store, letter)

    # -- noticing ------------------------------------------------------------------------------------------------

    def _notice(self, channels: list[AlertChannelRow], settings: AlertSettings, now: float) -> None:
        first = min(channel.created for channel in channels)
        with self.store.session() as session:
            query = select(JobRow).where(JobRow.status.in_(FINAL), JobRow.finished > max(first, now - BACK))
            finished = list(session.scalars(query))
        for row in finished:
            if (row.id, row.finished or 0.0) not in self._ended:
                self._ended.add((row.id, row.finished or 0.0))
                notice = ended(row.status, row.finished or 0.0, row.error, self.store.folder(row.id).state())
                self._tell(row, notice, channels, settings, now)
        if time.monotonic() - self._looked >= LOOK_RUNNING:
            self._looked = time.monotonic()
            self._look_at_running(channels, settings, now)

    def _look_at_running(self, channels: list[AlertChannelRow], settings: AlertSettings, now: float) -> None:
        rows = [row for row in self.store.live() if row.status == Status.RUNNING.value]
        self._tails = {job_id: tail for job_id, tail in self._tails.items() if any(row.id == job_id for row in rows)}
        for row in rows:
            for notice in running(self._state(row.id), now, settings.alert_stall_minutes):
                self._tell(row, notice, channels, settings, now)

    def _state(self, job_id: str) -> JobState:
        tail, state = self._tails.get(job_id) or (Tail(self.store.folder(job_id).events_path), JobState())
        state = fold_all(tail.read(), state)
        self._tails[job_id] = (tail, state)
        return state

    def _tell(
        self, row: JobRow, notice: Notice | None, channels: list[AlertChannelRow], settings: AlertSettings, now: float
    ) -> None:
        if notice is None:
            return
        to = outbox.interested(self.store, row, notice.event, channels)
        to = [one for one in to if one.created <= (row.finished or now)]  # a new channel is not told old news
        if not to or not (missing := {one.id for one in to} - outbox.known(self.store, row.id, notice)):
            return
        job = {"id": row.id, "type": row.type, "name": row.name, "owner": row.owner, "status": row.status}
        told = message(job, notice, settings.public_url)
        count = outbox.queue(self.store, notice, told, [one for one in to if one.id in missing], now)
        log.info("job %s: %s, to be told to %d", row.id, notice.event, count)
