"""Noticing and sending with real receivers: once, again after failures and kills, to whom it concerns."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs import accounts
from jobs.alerts import outbox
from jobs.alerts.outbox import FAILED, SENT, WAITING
from jobs.alerts.settings import AlertSettings
from jobs.alerts.watch import AlertWatch
from jobs.folder import EventLog
from jobs.job import Job, new_id
from jobs.store import Store
from jobs.summary import Summary
from jobs.tables import AlertChannelRow, AlertRow, JobRow
from tests.jobs.alerts.receivers import Mailbox, Webhook, mailbox, webhook


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    AlertSettings(alert_private_addresses=True, public_url="https://lab.example").write(tmp_path)
    store = Store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as kept:
        yield kept


@pytest.fixture
def post() -> Iterator[Mailbox]:
    with mailbox() as kept:
        yield kept


def channel(store: Store, target: str, kind: str = "webhook", user: str = "ada", **more: Any) -> int:
    values = {"title": "t", "events": "done,error,divergence,stall,plateau", "every_job": True, "created": 1.0, **more}
    row = AlertChannelRow(user=user, kind=kind, target=target, problem="", **values)
    with store.session() as session:
        session.add(row)
    return row.id


def job(store: Store, *events: dict[str, Any], owner: str = "ada", visibility: str = "lab") -> JobRow:
    """A job in which that happened, as the scheduler has recorded it."""
    row = store.create(Job(new_id(), "model", "train_model", "net", {}, owner=owner), visibility)
    return happened(store, row, *events)


def happened(store: Store, row: JobRow, *events: dict[str, Any]) -> JobRow:
    folder = store.folder(row.id)
    for event in events:
        values = dict(event)
        EventLog(folder.events_path).append(values.pop("kind"), **values)
    state = folder.state()
    store.record(row.id, state, Summary(folder).update(state))
    found = store.get(row.id, anyone=True)
    assert found is not None
    return found


def status(name: str, **more: str) -> dict[str, Any]:
    return {"kind": "status", "status": name, **more}


def alerts(store: Store) -> list[AlertRow]:
    with store.session() as session:
        return list(session.scalars(select(AlertRow).order_by(AlertRow.id)))


def due_now(store: Store) -> None:
    with store.session() as session:
        session.execute(update(AlertRow).values(due=0.0))


def test_a_job_that_is_done_is_told_once_also_after_a_restart(store: Store, hook: Webhook) -> None:
    channel(store, hook.url)
    row = job(store, status("Running"), status("Done"))
    watch = AlertWatch(store)
    watch.look()
    watch.look()
    AlertWatch(store).look()  # a scheduler that begins anew
    ((path, headers, body),) = hook.got
    assert path == "/hooks/SECRET-TOKEN"
    assert body["event"] == "done"
    assert body["job"]["id"] == row.id
    assert body["url"] == f"https://lab.example/models/{row.id}"
    assert headers["Idempotency-Key"] == f"foveal-alert-{body['id']}"
    assert [alert.state for alert in alerts(store)] == [SENT]


def test_a_job_that_goes_on_and_ends_again_is_told_again(store: Store, hook: Webhook) -> None:
    channel(store, hook.url)
    row = job(store, status("Running"), status("Error", error="It broke."))
    watch = AlertWatch(store)
    watch.look()
    happened(store, row, status("Waiting"), status("Running"))
    watch.look()
    happened(store, row, status("Done"))
    watch.look()
    assert [body["event"] for _, _, body in hook.got] == ["error", "done"]
    assert "It broke." in hook.got[0][2]["text"]


def test_failures_are_tried_again_later_and_given_up_in_the_end(store: Store, hook: Webhook) -> None:
    number = channel(store, hook.url)
    job(store, status("Running"), status("Done"))
    hook.answers = [500, 429]
    hook.headers = {"Retry-After": "120"}
    watch = AlertWatch(store)
    watch.look()
    watch.look()
    assert len(hook.got) == 1  # it is not due yet
    (alert,) = alerts(store)
    assert (alert.state, alert.attempts, alert.problem) == (WAITING, 1, "127.0.0.1 answered 500.")
    due_now(store)
    watch.look()
    (alert,) = alerts(store)
    assert alert.due - time.time() > 100  # as the receiver asked
    due_now(store)
    watch.look()
    (alert,) = alerts(store)
    assert (alert.state, alert.attempts, alert.problem) == (SENT, 3, "")
    assert len({body["id"] for _, _, body in hook.got}) == 1
    hook.answers = [503] * 9
    job(store, status("Running"), status("Done"))
    for _ in range(9):
        due_now(store)
        watch.look()
    assert alerts(store)[1].state == FAILED
    assert alerts(store)[1].attempts == len(outbox.WAITS) + 1
    assert "answered 503" in next(c.problem for c in outbox.channels(store) if c.id == number)


@pytest.mark.parametrize("answer", [404, 302])
def test_what_is_refused_is_not_tried_again(store: Store, hook: Webhook, answer: int) -> None:
    channel(store, hook.url)
    job(store, status("Running"), status("Done"))
    hook.answers, hook.headers = [answer], {"Location": hook.url}
    watch = AlertWatch(store)
    watch.look()
    due_now(store)
    watch.look()
    assert len(hook.got) == 1
    assert alerts(store)[0].state == FAILED


def test_a_message_that_was_being_sent_when_the_sender_was_killed_is_sent(store: Store, hook: Webhook) -> None:
    channel(store, hook.url)
    row = job(store, status("Running"), status("Done"))
    watch = AlertWatch(store)
    watch.send_due = lambda settings: None  # type: ignore[method-assign]
    watch.look()
    assert len(outbox.claim(store, time.time())) == 1
    assert outbox.claim(store, time.time()) == []
    assert outbox.recover(store) == 1
    AlertWatch(store).look()
    assert [body["job"]["id"] for _, _, body in hook.got] == [row.id]


def test_silence_is_told_while_it_runs_and_again_only_after_a_sign_of_life(store: Store, hook: Webhook) -> None:
    channel(store, hook.url)
    AlertSettings(alert_private_addresses=True, alert_stall_minutes=1e-9).write(store.home)
    row = job(store, status("Running"))
    watch = AlertWatch(store)
    for _ in range(2):
        watch._looked = -1e9
        watch.look()
    assert [body["event"] for _, _, body in hook.got] == ["stall"]
    happened(store, row, {"kind": "progress", "fraction": 0.1, "phase": "Training"})
    watch._looked = -1e9
    watch.look()
    assert [body["event"] for _, _, body in hook.got] == ["stall", "stall"]


def test_a_divergence_is_told_once_to_those_who_asked_for_failures_too(store: Store, hook: Webhook) -> None:
    channel(store, hook.url, events="error")
    verdicts = [{"name": "divergence", "sentence": "The loss grew."}]
    row = job(store, status("Running"), {"kind": "artifact", "name": "doctor", "value": {"verdicts": verdicts}})
    watch = AlertWatch(store)
    watch.look()
    happened(store, row, status("Error", error="The loss became NaN."))
    watch.look()
    assert [body["event"] for _, _, body in hook.got] == ["divergence"]


def test_who_is_told(store: Store, hook: Webhook) -> None:
    """Owners of their jobs, others of those they asked for; nobody of what they may not see or came too late for."""
    accounts.create_user(store, "sam", "long enough")
    accounts.create_user(store, "gone", "long enough")
    accounts.create_user(store, "root", "long enough", "admin")
    accounts.set_disabled(store, "gone", disabled=True)
    for user in ("ada", "sam", "gone"):
        channel(store, f"{hook.url}/{user}", user=user)
    channel(store, f"{hook.url}/only-failures", user="ada", events="error")
    channel(store, f"{hook.url}/late", user="ada", created=time.time() + 1000)
    mine = job(store)
    private, muted = job(store, visibility="private"), job(store)
    for row in (mine, private):
        for user in ("sam", "gone"):
            outbox.wish(store, row.id, user, wanted=True)
    outbox.wish(store, muted.id, "ada", wanted=False)
    for row in (mine, private, muted):
        happened(store, row, status("Running"), status("Done"))
    AlertWatch(store).look()
    got = sorted((path.rpartition("/")[2], body["job"]["id"]) for path, _, body in hook.got)
    assert got == sorted([("ada", mine.id), ("ada", private.id), ("sam", mine.id)])


def test_mail(store: Store, post: Mailbox) -> None:
    settings = AlertSettings(
        smtp_host="127.0.0.1", smtp_port=post.port, smtp_security="none", smtp_from="f@lab.example"
    )
    settings.write(store.home)
    channel(store, "ada@lab.example", "email")
    job(store, status("Running"), status("Done"))
    AlertWatch(store).look()
    (mail,) = post.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == ("ada@lab.example", "f@lab.example", "[Foveal] net is done")
    post.refuse = "550 nobody here"
    job(store, status("Running"), status("Done"))
    AlertWatch(store).look()
    assert alerts(store)[1].state == FAILED


def test_without_a_mail_server_it_is_said(store: Store) -> None:
    channel(store, "ada@lab.example", "email")
    job(store, status("Running"), status("Done"))
    AlertWatch(store).look()
    assert "FOVEAL_SMTP_HOST" in alerts(store)[0].problem


def test_the_servers_own_network_is_not_called_and_no_secret_is_logged(
    store: Store, hook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    AlertSettings().write(store.home)
    channel(store, hook.url)
    channel(store, "http://127.0.0.1:1/SECRET-TOKEN", kind="slack")
    job(store, status("Running"), status("Done"))
    with caplog.at_level(logging.DEBUG):
        AlertWatch(store).look()
    assert hook.got == []
    assert {alert.state for alert in alerts(store)} == {FAILED}
    AlertSettings(alert_private_addresses=True).write(store.home)
    job(store, status("Running"), status("Done"))
    with caplog.at_level(logging.DEBUG):
        AlertWatch(store).look()
    assert len(hook.got) == 1
    said = caplog.text + " ".join(alert.problem for alert in alerts(store))
    assert "cannot be reached" in said
    assert "SECRET" not in said


def test_a_deleted_channel_takes_its_messages_along_and_old_ones_are_forgotten(store: Store, hook: Webhook) -> None:
    number = channel(store, hook.url)
    job(store, status("Running"), status("Done"))
    AlertWatch(store).look()
    outbox.clean(store, time.time())
    assert len(alerts(store)) == 1
    outbox.clean(store, time.time() + outbox.KEEP + 1)
    assert alerts(store) == []
    job(store, status("Running"), status("Done"))
    AlertWatch(store).look()
    with store.session() as session:
        session.delete(session.get(AlertChannelRow, number))
    assert alerts(store) == []
