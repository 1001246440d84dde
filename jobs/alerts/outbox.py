"""Channels, wishes and messages in the database: what is to be sent is written down once, then sent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from jobs.alerts.rules import EVENTS, Notice
from jobs.store import Store
from jobs.tables import AlertChannelRow, AlertRow, AlertWishRow, JobRow, UserRow

WAITS = (10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds after the first, second ... failure; after the last nothing is tried any more."""
KEEP = 30 * 86400.0
"""Seconds that sent messages are kept: to show them, and never to send one again."""
WAITING, SENDING, SENT, FAILED = "waiting", "sending", "sent", "failed"


@dataclass(frozen=True)
class Letter:
    """A message with where it goes."""

    id: int
    channel: int
    kind: str
    target: str
    message: Mapping[str, Any]
    attempts: int
    created: float


def channels(store: Store, user: str | None = None) -> list[AlertChannelRow]:
    """Everybody's or one person's channels, oldest first."""
    query = select(AlertChannelRow).order_by(AlertChannelRow.id)
    with store.session() as session:
        return list(session.scalars(query if user is None else query.where(AlertChannelRow.user == user)))


def interested(
    store: Store, job: JobRow, event: str, known: Iterable[AlertChannelRow] | None = None
) -> list[AlertChannelRow]:
    """The channels to be told of an ``event`` of ``job``: of people who asked for it or own it, and may see it."""
    wishes = wishes_of(store, job.id)
    found = []
    for channel in channels(store) if known is None else known:
        wanted = wishes.get(channel.user, channel.every_job and job.owner == channel.user)
        if wanted and set(channel.events.split(",")) & ({event, "error"} if event == "divergence" else {event}):
            found.append(channel)
    barred = _barred(store, {channel.user for channel in found}, job)
    return [channel for channel in found if channel.user not in barred]


def _barred(store: Store, users: set[str], job: JobRow) -> set[str]:
    """Those who are locked out, or may not see the job."""
    with store.session() as session:
        rows = {row.name: row for row in session.scalars(select(UserRow).where(UserRow.name.in_(users)))}
    barred = {name for name, row in rows.items() if row.disabled}
    if job.visibility != "lab":
        barred |= {name for name in users if name != job.owner and (name not in rows or rows[name].role != "admin")}
    return barred


def wishes_of(store: Store, job_id: str) -> dict[str, bool]:
    """Who wants, or does not want, to be told of a job."""
    with store.session() as session:
        rows = session.scalars(select(AlertWishRow).where(AlertWishRow.job == job_id))
        return {row.user: row.wanted for row in rows}


def wish(store: Store, job_id: str, user: str, wanted: bool) -> None:
    """Somebody wants to be told of a job, or not."""
    with store.session() as session:
        session.merge(AlertWishRow(job=job_id, user=user, wanted=wanted))


def queue(store: Store, notice: Notice, message: Mapping[str, Any], to: Iterable[AlertChannelRow], now: float) -> int:
    """Write down a message for channels that do not have it yet; returns for how many. Never the same one twice."""
    new = 0
    for channel in to:
        row = AlertRow(
            channel=channel.id, job=message["job"]["id"], event=notice.event, occasion=notice.occasion,
            message=dict(message), due=now, created=now, state=WAITING, attempts=0, problem="",
        )  # fmt: skip
        try:
            with store.session() as session:
                session.add(row)
            new += 1
        except IntegrityError:
            continue  # it was told before, or the channel has gone meanwhile
    return new


def known(store: Store, job_id: str, notice: Notice) -> set[int]:
    """The channels that have this message, sent or not."""
    query = select(AlertRow.channel).where(AlertRow.job == job_id, AlertRow.event == notice.event)
    with store.session() as session:
        return set(session.scalars(query.where(AlertRow.occasion == notice.occasion)))


def claim(store: Store, now: float, most: int = 20) -> list[Letter]:
    """Messages that are due, marked as being sent."""
    due = select(AlertRow, AlertChannelRow).join(AlertChannelRow, AlertChannelRow.id == AlertRow.channel)
    due = due.where(AlertRow.state == WAITING, AlertRow.due <= now).order_by(AlertRow.due).limit(most)
    with store.session() as session:
        letters = [
            Letter(
                alert.id, channel.id, channel.kind, channel.target, dict(alert.message), alert.attempts, alert.created
            )
            for alert, channel in session.execute(due)
        ]
        ids = [letter.id for letter in letters]
        session.execute(update(AlertRow).where(AlertRow.id.in_(ids)).values(state=SENDING))
    return letters


def settle(store: Store, letter: Letter, problem: str = "", *, again: bool = False, wait: float | None = None) -> None:
    """The end of one attempt: sent, to be tried ``again`` (after ``wait`` seconds if said), or given up."""
    now, attempts = time.time(), letter.attempts + 1
    again = again and attempts <= len(WAITS)
    state = (WAITING if again else FAILED) if problem else SENT
    due = now + (max(wait or 0.0, WAITS[attempts - 1]) if again else 0.0)
    values = {"state": state, "attempts": attempts, "due": due, "problem": problem, "sent": None if problem else now}
    with store.session() as session:
        session.execute(update(AlertRow).where(AlertRow.id == letter.id).values(**values))
        session.execute(update(AlertChannelRow).where(AlertChannelRow.id == letter.channel).values(problem=problem))


def recover(store: Store) -> int:
    """What was being sent when the sender was killed is sent again: nobody knows whether it had arrived.

    The message keeps its number (Idempotency-Key, Message-ID), by which a receiver can tell.
    """
    with store.session() as session:
        found = session.execute(update(AlertRow).where(AlertRow.state == SENDING).values(state=WAITING))
        return int(found.rowcount)  # type: ignore[attr-defined]


def clean(store: Store, now: float) -> None:
    """Forget what was settled long ago."""
    old = AlertRow.created < now - KEEP
    with store.session() as session:
        session.execute(delete(AlertRow).where(or_(AlertRow.state == SENT, AlertRow.state == FAILED), old))


def parse_events(names: Iterable[str]) -> str:
    """Event names as a channel keeps them, in the order of EVENTS; what is not known is passed over."""
    given = set(names)
    return ",".join(name for name in EVENTS if name in given)
