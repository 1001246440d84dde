"""What is worth telling, what a message looks like to each receiver, and which addresses are public."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.errors import UserError
from jobs.alerts import shapes
from jobs.alerts.guard import check_form, is_public, masked, resolve
from jobs.alerts.rules import ended, message, running
from jobs.alerts.settings import FILE, AlertSettings
from jobs.events import JobState, fold_all

JOB = {"id": "20261124-100000-0001", "type": "model", "name": "net <b>\nX: y", "owner": "ada", "status": "Done"}


def state(*events: dict[str, Any]) -> JobState:
    return fold_all({"seq": number, "time": 100.0 + number, **event} for number, event in enumerate(events, 1))


RUNNING = {"kind": "status", "status": "Running"}


def doctor(*names: str) -> dict[str, Any]:
    verdicts = [{"name": name, "sentence": f"It is {name}."} for name in names]
    return {"kind": "artifact", "name": "doctor", "value": {"verdicts": verdicts}}


def test_an_end_is_done_a_failure_or_a_divergence() -> None:
    metrics = {"kind": "metrics", "step": 5, "epoch": 2.0, "values": {"val/accuracy": 0.987}}
    done = ended("Done", 7.0, "", state(RUNNING, metrics))
    assert done is not None
    assert (done.event, done.occasion, done.text) == ("done", "7.000", "Best validation accuracy 98.70 % at epoch 2.")
    failed = ended("Error", 7.0, "It broke.", state(RUNNING))
    assert failed is not None
    assert (failed.event, failed.text) == ("error", "It broke.")
    assert ended("Aborted", 7.0, "", state(RUNNING)) is None


def test_a_divergence_is_the_same_occasion_while_it_runs_and_when_it_has_failed() -> None:
    seen = state(RUNNING, doctor("divergence"))
    (told,), after = running(seen, 102.0, 15), ended("Error", 9.0, "The loss became NaN.", seen)
    assert after is not None
    assert (told.event, told.occasion) == (after.event, after.occasion) == ("divergence", "run 101.000")


def test_silence_and_a_plateau_are_told_and_a_healthy_run_is_not() -> None:
    progress = {"kind": "progress", "fraction": 0.1, "phase": "Training"}
    busy = state(RUNNING, progress, doctor("healthy"))
    assert running(busy, 103.0 + 14 * 60, 15) == []
    (silent,) = running(busy, 103.0 + 16 * 60, 15)
    assert (silent.event, silent.occasion) == ("stall", "seq 3")
    assert "16 minutes; it was: Training" in silent.text
    assert running(busy, 1e9, 0) == []
    assert [notice.event for notice in running(state(RUNNING, doctor("plateau")), 102.0, 15)] == ["plateau"]


@pytest.mark.parametrize("odd", [None, [], {"verdicts": [3, {}]}, {"verdicts": [{"name": 1}]}])
def test_what_the_doctor_never_says_harms_nobody(odd: Any) -> None:
    assert running(state(RUNNING, {"kind": "artifact", "name": "doctor", "value": odd}), 102.0, 15) == []


def test_shapes() -> None:
    notice = ended("Error", 7.0, "Out of memory & <sad>.", state(RUNNING))
    assert notice is not None
    told = message(JOB, notice, "https://lab.example/foveal/")
    assert told["url"] == "https://lab.example/foveal/models/20261124-100000-0001"
    generic = shapes.webhook(told, 7, 1.5)
    assert (generic["id"], generic["event"], generic["job"]["name"]) == (7, "error", JOB["name"])
    slack = shapes.slack(told, 7, 1.5)
    assert "net &lt;b&gt;" in slack["text"]
    assert slack["blocks"][0]["text"]["text"].startswith("*<https://lab.example/foveal/models/20261124")
    assert "Out of memory &amp; &lt;sad&gt;." in slack["blocks"][0]["text"]["text"]
    discord = shapes.discord(told, 7, 1.5)
    assert discord["allowed_mentions"] == {"parse": []}
    assert discord["embeds"][0]["url"] == told["url"]
    mail = shapes.mail(told, 7, "foveal@lab.example", "ada@lab.example")
    assert mail["Subject"] == "[Foveal] net <b> X: y has failed"
    assert "Out of memory & <sad>." in mail.get_content()
    assert "url" not in shapes.discord({**told, "url": ""}, 7, 1.5)["embeds"][0]


PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822")
INSIDE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "ff02::1", "255.255.255.255",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "http://localhost:8080", "http://[::1]/", "http://2130706433/", "http://0x7f.1/"]
)
def test_the_servers_own_network_is_not_called(url: str) -> None:
    with pytest.raises(UserError, match=r"own network|no server called"):
        resolve(url)


def test_an_admin_may_allow_it() -> None:
    place = resolve("http://127.0.0.1:81/a?b=c", private=True)
    assert (place.address, place.port, place.path, place.secure) == ("127.0.0.1", 81, "/a?b=c", False)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "https://",
        "https://me:pw@a.example/",
        "https://a.example/x y",
        "https://a\n.example",
        "https://a:99999/",
        "x",
    ],
)
def test_what_is_no_webhook(url: str) -> None:
    with pytest.raises(UserError):
        check_form(url)


def test_secrets_are_masked_and_settings_are_for_one_reader(tmp_path: Path) -> None:
    assert masked("slack", "https://hooks.slack.com/services/T0/B0/SECRET?x=SECRET") == "https://hooks.slack.com/…"
    settings = AlertSettings.of({"smtp_password": "pw", "smtp_port": 25, "other": 1, "smtp_host": None})
    settings.write(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert AlertSettings.read(tmp_path) == settings
    (tmp_path / FILE).write_text("[")
    assert AlertSettings.read(tmp_path) == AlertSettings()
