"""Where a person is told what happened to jobs, and of which: channels, wishes, and what was sent."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update

from app.services.context import Conflict, Context, NotFound, require
from app.services.offload import offload
from data.errors import InvalidOptions, UserError
from jobs.alerts import outbox
from jobs.alerts.guard import check_form, masked, resolve
from jobs.alerts.rules import EVENTS, Notice, message
from jobs.permissions import Principal
from jobs.tables import AlertChannelRow, AlertRow, JobRow

KINDS = {"webhook": "Webhook (JSON)", "slack": "Slack", "discord": "Discord", "email": "Mail"}
MOST = 20
"""Channels of one person."""
SHOWN = 30
TEST_EVERY = 10
"""Seconds between two tests of a channel."""
_MAILBOX = re.compile(r"[^@\s,;<>\"'\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def channels(ctx: Context, who: Principal | None) -> list[dict[str, Any]]:
    """One's own channels. The address of a webhook is a secret: only its server is told."""
    return [_told(row) for row in outbox.channels(ctx.store, require(who, "view").name)]


def _told(row: AlertChannelRow) -> dict[str, Any]:
    known = {key: getattr(row, key) for key in ("id", "kind", "title", "every_job", "problem", "created")}
    return {**known, "target": masked(row.kind, row.target), "events": [name for name in row.events.split(",") if name]}


def add(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new channel from kind, target, title, events (names) and every_job. Raises InvalidOptions, Conflict."""
    who = require(who, "create")
    kind, target = str(values.get("kind") or "webhook"), str(values.get("target") or "").strip()
    title = str(values.get("title") or "").strip()
    events = outbox.parse_events(values.get("events") or ())
    wrong: dict[str, list[str]] = {}
    if kind not in KINDS:
        wrong["kind"] = [f"Choose one of {', '.join(KINDS)}."]
    else:
        try:
            _check(ctx, kind, target)
        except UserError as error:
            wrong["target"] = [" ".join(filter(None, (str(error), error.hint)))]
    if not events:
        wrong["events"] = ["Choose at least one thing to be told of."]
    if len(title) > 200 or not all(char.isprintable() for char in title):
        wrong["title"] = ["A title has at most 200 characters, on one line."]
    if wrong:
        raise InvalidOptions(wrong)
    if len(outbox.channels(ctx.store, who.name)) >= MOST:
        raise Conflict(f"You have {MOST} channels already; remove one first.")
    row = AlertChannelRow(
        user=who.name, kind=kind, title=title or KINDS[kind], target=target, events=events,
        every_job=bool(values.get("every_job", True)), problem="", created=time.time(),
    )  # fmt: skip
    with ctx.store.session() as session:
        session.add(row)
    return _told(row)


def _check(ctx: Context, kind: str, target: str) -> None:
    """Raises UserError for what cannot be told anything."""
    if kind == "email":
        if not _MAILBOX.fullmatch(target):
            raise UserError("This is no mail address.", field="target")
        if not ctx.settings.smtp_host:
            raise UserError(
                "This server has no mail server.", field="target", hint="An administrator sets FOVEAL_SMTP_HOST."
            )
        return
    if len(target) > 2000:
        raise UserError("This address is too long.", field="target")
    check_form(target)
    offload(lambda: resolve(target, private=ctx.settings.alert_private_addresses))


def change(ctx: Context, who: Principal | None, number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Change title, events or every_job of one's own channel; its target stays (make a new one)."""
    row = _own(ctx, require(who, "create"), number)
    new: dict[str, Any] = {}
    if values.get("title"):
        new["title"] = str(values["title"]).strip()[:200]
    if values.get("events") is not None:
        new["events"] = outbox.parse_events(values["events"])
        if not new["events"]:
            raise InvalidOptions({"events": ["Choose at least one thing to be told of."]})
    if values.get("every_job") is not None:
        new["every_job"] = bool(values["every_job"])
    if new:
        with ctx.store.session() as session:
            session.execute(update(AlertChannelRow).where(AlertChannelRow.id == row.id).values(**new))
    return _told(_own(ctx, require(who, "create"), number))


def remove(ctx: Context, who: Principal | None, number: int) -> None:
    """Take one's own channel away, and what was to be sent there. Raises NotFound."""
    row = _own(ctx, require(who, "view"), number)
    with ctx.store.session() as session:
        session.execute(delete(AlertRow).where(AlertRow.channel == row.id))
        session.execute(delete(AlertChannelRow).where(AlertChannelRow.id == row.id))


def test(ctx: Context, who: Principal | None, number: int) -> None:
    """Have a message sent to one's own channel, the way all go. Raises Conflict where one was just asked for."""
    who = require(who, "create")
    row, now = _own(ctx, who, number), time.time()
    notice = Notice("test", f"test {now // TEST_EVERY:.0f}", "This is a test: nothing has happened.")
    job = {"id": "", "type": "model", "name": "A job", "owner": who.name, "status": "Done"}
    if not outbox.queue(ctx.store, notice, message(job, notice, ctx.settings.public_url), [row], now):
        raise Conflict("A test was asked for a moment ago; wait for it.")


def _own(ctx: Context, who: Principal, number: int) -> AlertChannelRow:
    for row in outbox.channels(ctx.store, who.name):
        if row.id == number:
            return row
    raise NotFound(f"You have no alert channel {number}.")


def sent(ctx: Context, who: Principal | None) -> list[dict[str, Any]]:
    """The last messages to one's own channels, newest first: what, when, and how it went."""
    own = {row.id: row.title for row in outbox.channels(ctx.store, require(who, "view").name)}
    query = select(AlertRow).where(AlertRow.channel.in_(own)).order_by(AlertRow.id.desc()).limit(SHOWN)
    with ctx.store.session() as session:
        rows = list(session.scalars(query))
    keys = ("id", "job", "event", "state", "attempts", "created", "sent", "problem")
    return [
        {**{key: getattr(row, key) for key in keys}, "channel": own[row.channel], "title": row.message["title"]}
        for row in rows
    ]


def wish(ctx: Context, who: Principal | None, row: JobRow, wanted: bool) -> dict[str, Any]:
    """Be told of a job, or not, whatever the channels say of jobs in general."""
    who = require(who, "view", row)
    outbox.wish(ctx.store, row.id, who.name, wanted)
    return wanted_of(ctx, who, row)


def wanted_of(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """``{"wanted": whether one is told of the job, "channels": how many one has}``."""
    who = require(who, "view", row)
    own = outbox.channels(ctx.store, who.name)
    asked = outbox.wishes_of(ctx.store, row.id).get(who.name)
    usual = any(channel.every_job for channel in own) and row.owner == who.name
    return {"wanted": usual if asked is None else asked, "channels": len(own)}


__all__ = ["EVENTS", "KINDS", "add", "change", "channels", "remove", "sent", "test", "wanted_of", "wish"]
