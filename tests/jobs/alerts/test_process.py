"""A real scheduler process tells of a real job, is killed between two tries, and the next sends what is left, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from jobs.alerts import outbox
from jobs.alerts.settings import AlertSettings
from jobs.tables import AlertChannelRow, AlertRow
from tests.jobs.alerts.receivers import webhook
from tests.jobs.test_faults import Lab, wait_for

pytestmark = pytest.mark.process


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.kill()
    lab.store.close()


def test_a_message_survives_the_scheduler_and_comes_once(lab: Lab) -> None:
    AlertSettings(alert_private_addresses=True).write(lab.store.home)
    with webhook() as hook:
        values = {"kind": "webhook", "title": "t", "events": "done", "every_job": False, "problem": "", "created": 1.0}
        with lab.store.session() as session:
            session.add(AlertChannelRow(user="ada", target=hook.url, **values))
        hook.answers = [503]
        lab.start()
        job = lab.job(steps=3)
        outbox.wish(lab.store, job, "ada", wanted=True)
        wait_for(lambda: len(hook.got) == 1, "the first try", lambda: lab.row(job).status)
        wait_for(lambda: state(lab) == ["waiting"], "it to be put off", lambda: state(lab))
        lab.kill()
        with lab.store.session() as session:
            session.execute(update(AlertRow).values(due=0.0))
        lab.start()
        wait_for(lambda: state(lab) == ["sent"], "the second try", lambda: state(lab))
        time.sleep(2.5)  # two more looks
        assert [body["id"] for _, _, body in hook.got] == [1, 1]
        assert hook.got[1][2]["job"]["id"] == job


def state(lab: Lab) -> list[str]:
    with lab.store.session() as session:
        return list(session.scalars(select(AlertRow.state)))
