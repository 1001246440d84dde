"""Alerts as pages and REST: making, masking, testing, removing channels; being told of a job; nobody sees another's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.supervisor import Supervisor
from jobs.alerts.settings import AlertSettings
from jobs.alerts.watch import AlertWatch
from tests.app.conftest import Lab, make_lab
from tests.jobs.alerts.receivers import Webhook, webhook

CHANNELS = "/api/v1/alerts/channels"


@pytest.fixture
def open_lab(tmp_path: Path, lab_template: Path) -> Iterator[Lab]:
    """A lab whose admin allows addresses inside."""
    lab = make_lab(tmp_path, lab_template, alert_private_addresses=True, smtp_host="mail.lab.example")
    AlertSettings(alert_private_addresses=True).write(lab.store.home)
    yield lab
    lab.store.engine.dispose()


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as kept:
        yield kept


def test_a_channel_is_made_tested_changed_and_removed_and_its_address_stays_secret(
    open_lab: Lab, hook: Webhook
) -> None:
    client = open_lab.client("olga")
    made = client.post(CHANNELS, json={"target": hook.url, "title": "Lab"})
    assert made.status_code == 201
    number = made.json["id"]
    assert made.json["target"] == "http://127.0.0.1/…"
    assert client.post(f"{CHANNELS}/{number}/test").status_code == 204
    assert client.post(f"{CHANNELS}/{number}/test").status_code == 409
    AlertWatch(open_lab.store).look()
    assert [body["event"] for _, _, body in hook.got] == ["test"]
    (told,) = client.get("/api/v1/alerts").json
    assert (told["state"], told["event"], told["channel"]) == ("sent", "test", "Lab")
    changed = client.patch(f"{CHANNELS}/{number}", json={"events": ["error"], "every_job": False}).json
    assert (changed["events"], changed["every_job"], changed["title"]) == (["error"], False, "Lab")
    page = client.get("/account/alerts").text
    said = page + client.get(CHANNELS).text + client.get("/api/v1/alerts").text + made.text
    assert "SECRET-TOKEN" not in said
    assert "Sent lately" in page
    assert client.delete(f"{CHANNELS}/{number}").status_code == 204
    assert client.get(CHANNELS).json == []


def test_the_form_keeps_what_was_right(open_lab: Lab) -> None:
    client = open_lab.client("olga")
    answer = client.post(
        "/account/alerts", data={"kind": "slack", "title": "My <title>", "target": "x", "events": ["done"]}
    )
    assert answer.status_code == 422
    assert "begins with https://" in answer.text
    assert "My &lt;title&gt;" in answer.text
    good = client.post(
        "/account/alerts", data={"kind": "email", "target": "olga@lab.example", "events": ["done", "odd"]}
    )
    assert good.status_code == 303
    (channel,) = client.get(CHANNELS).json
    assert (channel["target"], channel["events"], channel["every_job"]) == ("olga@lab.example", ["done"], False)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"target": "http://127.0.0.1/x"}, "target"),
        ({"target": "http://169.254.169.254/latest/meta-data"}, "target"),
        ({"target": "https://me:pw@a.example/"}, "target"),
        ({"target": "olga@lab.example", "kind": "email"}, "target"),
        ({"target": "a@b, c@d", "kind": "email"}, "target"),
        ({"target": "https://a.example/", "events": []}, "events"),
        ({"target": "https://a.example/", "kind": "pager"}, "kind"),
    ],
)
def test_what_cannot_be_told_is_refused(lab: Lab, values: dict[str, object], field: str) -> None:
    answer = lab.client("olga").post(CHANNELS, json=values)
    assert answer.status_code == 422
    assert field in answer.text
    assert lab.client("olga").get(CHANNELS).json == []


def test_another_persons_channels_do_not_exist(open_lab: Lab, hook: Webhook) -> None:
    number = open_lab.client("olga").post(CHANNELS, json={"target": hook.url}).json["id"]
    for name in ("sam", "ada"):
        client = open_lab.client(name)
        assert client.get(CHANNELS).json == []
        assert client.delete(f"{CHANNELS}/{number}").status_code == 404
        assert client.post(f"{CHANNELS}/{number}/test").status_code == 404
        assert client.patch(f"{CHANNELS}/{number}", json={"every_job": False}).status_code == 404
    assert open_lab.client("vic").post(CHANNELS, json={"target": hook.url}).status_code == 403


def test_being_told_of_a_job(open_lab: Lab, hook: Webhook) -> None:
    mine, others = open_lab.job(owner="olga"), open_lab.job(owner="sam")
    client = open_lab.client("olga")
    assert client.get(f"/jobs/{mine.id}/alerts").json == {"wanted": False, "channels": 0}
    client.post(CHANNELS, json={"target": hook.url})
    assert client.get(f"/jobs/{mine.id}/alerts").json == {"wanted": True, "channels": 1}
    assert client.get(f"/api/v1/jobs/{others.id}/alerts").json["wanted"] is False
    assert client.post(f"/api/v1/jobs/{others.id}/alerts", json={"wanted": True}).json["wanted"] is True
    assert client.post(f"/jobs/{mine.id}/do/alerts", data={"wanted": "0"}).json["wanted"] is False
    for row in (mine, others):
        open_lab.store.edit(row.id, status="Done", finished=time.time() + 1)
    AlertWatch(open_lab.store).look()
    assert [body["job"]["id"] for _, _, body in hook.got] == [others.id]


def test_the_server_leaves_its_settings_for_the_sender_and_shows_no_password(
    tmp_path: Path, lab_template: Path
) -> None:
    lab = make_lab(tmp_path, lab_template, smtp_host="mail.lab.example", smtp_password="hunter22", smtp_port=25)
    Supervisor(lab.ctx.settings)
    assert AlertSettings.read(tmp_path).smtp_password == "hunter22"
    page = lab.client("ada").get("/about").text
    assert "smtp_host" in page
    assert "hunter22" not in page
    lab.store.engine.dispose()
