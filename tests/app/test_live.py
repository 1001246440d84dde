"""Sockets: who may join, that nothing is missed or told twice, and that only those who may see a job hear of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask_socketio import SocketIOTestClient

from app.feed import Feed, Position, catch_up
from app.home_feed import ADMINS, EVERYBODY, HomeFeed, audience, own_room, rooms_of
from app.live import Live
from jobs import accounts
from jobs.events import fold_all
from jobs.folder import EventLog, JobFolder, Tail
from jobs.job import Job
from jobs.series import SeriesWriter, read
from tests.app.conftest import Lab


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """The folder of a job with one event and no points."""
    job = Job(id="20260101-000000-0000", type="model", task="train_model", name="m", options={})
    made = JobFolder.create(tmp_path / "jobs", job)
    EventLog(made.events_path).append("status", status="Initialized")
    return made


class Worker:
    """Writes as a training does."""

    def __init__(self, folder: JobFolder) -> None:
        self.log = EventLog(folder.events_path)
        self.writer = SeriesWriter(folder.series)
        self.step = 0

    def work(self, steps: int = 7) -> None:
        """Some steps and one event."""
        for _ in range(steps):
            self.step += 1
            self.writer.add(self.step, time.time(), {"train/loss": 1 / self.step, "lr": 0.1})
        self.writer.flush()
        self.log.append("progress", fraction=min(1.0, self.step / 1000))


class Page:
    """What a browser page keeps, and complains when it is told something twice or misses something."""

    def __init__(self) -> None:
        self.seq = 0
        self.counts: dict[str, int] = {}
        self.steps: list[int] = []
        self.events: list[dict[str, Any]] = []

    def take(self, update: dict[str, Any]) -> None:
        """Apply an update."""
        for event in update["events"]:
            assert event["seq"] == self.seq + 1
            self.seq = event["seq"]
            self.events.append(event)
        assert update["seq"] == self.seq
        for curve, news in update["series"].items():
            assert news["start"] == self.counts.get(curve, 0)
            self.counts[curve] = news["stop"]
            if curve == "train/loss":
                self.steps += news["steps"]


def ask_to_join(client: SocketIOTestClient, room: str, page: Page | None = None) -> dict[str, Any]:
    known = {"seq": page.seq, "counts": page.counts} if page else {}
    return client.emit("join", {"room": room, **known}, callback=True)


def socket(lab: Lab, name: str | None = None) -> SocketIOTestClient:
    headers = {"Authorization": f"Bearer {lab.tokens[name]}"} if name else {}
    return lab.app.extensions["socketio"].test_client(lab.app, headers=headers)


# -- the feed ----------------------------------------------------------------------------------------------------


def test_a_feed_tells_each_thing_once(folder: JobFolder) -> None:
    worker, page = Worker(folder), Page()
    worker.work()
    feed = Feed(folder)
    page.take(catch_up(folder, Position(), feed.position))
    assert feed.read() is None
    for _ in range(20):
        worker.work()
        page.take(feed.read())
    assert page.steps == list(range(1, 148))
    assert page.seq == 22


def test_a_reader_is_told_up_to_where_its_updates_go_on(folder: JobFolder) -> None:
    worker = Worker(folder)
    worker.work()
    feed = Feed(folder)
    worker.work()  # between the feed's reading and the joining: comes with the next update, not with the catching up
    page = Page()
    page.take(catch_up(folder, Position(), feed.position))
    assert page.counts["train/loss"] == 7
    page.take(feed.read())
    assert page.counts["train/loss"] == 14


def test_a_torn_line_and_a_torn_point_wait_for_their_rest(folder: JobFolder) -> None:
    worker = Worker(folder)
    worker.work()
    feed = Feed(folder)
    with folder.events_path.open("ab") as file:
        file.write(b'{"seq": 3, "time": 1.0, "ki')
    assert feed.read() is None
    with folder.events_path.open("ab") as file:
        file.write(b'nd": "note", "text": "x"}\n')
    assert [event["kind"] for event in feed.read()["events"]] == ["note"]


def test_many_points_are_thinned_and_none_that_is_not_finite_breaks_json(folder: JobFolder) -> None:
    feed, writer = Feed(folder), SeriesWriter(folder.series)
    for step in range(5000):
        writer.add(step, 0.0, {"loss": math.nan if step == 10 else float(step == 2500)})
    writer.flush()
    news = feed.read()["series"]["loss"]
    assert (news["start"], news["stop"]) == (0, 5000)
    assert len(news["steps"]) <= 100
    assert 1.0 in news["values"]
    assert all(value is None or math.isfinite(value) for value in news["values"])


# -- rooms -------------------------------------------------------------------------------------------------------


def test_nobody_gets_no_socket(lab: Lab) -> None:
    assert not socket(lab).is_connected()
    assert socket(lab, "vic").is_connected()


def test_alone_a_page_of_another_name_gets_no_socket(alone: Lab) -> None:
    socketio = alone.app.extensions["socketio"]
    assert socketio.test_client(alone.app).is_connected()
    assert not socketio.test_client(alone.app, headers={"Host": "evil.example"}).is_connected()


def test_a_room_is_asked_for_at_each_join(lab: Lab) -> None:
    job = lab.job("model", "olga", "private")
    assert "no job" in ask_to_join(socket(lab, "sam"), f"job:{job.id}")["error"]
    assert ask_to_join(socket(lab, "olga"), f"job:{job.id}")["seq"] == 1
    assert ask_to_join(socket(lab, "ada"), f"job:{job.id}")["seq"] == 1


@pytest.mark.parametrize("message", [None, {}, {"room": "x"}, {"room": "job:../.."}, {"room": "home:admins"}, "home"])
def test_a_join_that_makes_no_sense_is_answered(lab: Lab, message: Any) -> None:
    assert "error" in socket(lab, "vic").emit("join", message, callback=True)


@pytest.mark.parametrize("since", [{"seq": "x"}, {"counts": 5}, {"counts": {"a": "b"}}])
def test_a_join_with_wrong_numbers_is_answered(lab: Lab, since: dict[str, Any]) -> None:
    job = lab.job("model")
    assert "error" in socket(lab, "vic").emit("join", {"room": f"job:{job.id}", **since}, callback=True)


def _take_all(client: SocketIOTestClient, page: Page) -> None:
    for message in client.get_received():
        if message["name"] == "update":
            page.take(message["args"][0])


def test_pages_that_come_and_go_while_a_worker_writes_see_everything_once(lab: Lab) -> None:
    """Three pages, joining, leaving and coming back at their own times, against a real writer in a thread."""
    job = lab.job("model")
    room, folder = f"job:{job.id}", lab.store.folder(job.id)
    done = threading.Event()

    def write() -> None:
        worker = Worker(folder)
        for _ in range(300):
            worker.work(3)
            time.sleep(0.002)
        done.set()

    pages, clients = [Page() for _ in range(3)], [socket(lab, name) for name in ("olga", "sam", "vic")]
    writer = threading.Thread(target=write)
    writer.start()
    turn = 0
    while not done.is_set():
        turn += 1
        for number, (page, client) in enumerate(zip(pages, clients, strict=True)):
            if turn % (3 + number) == 0:
                client.emit("leave", {"room": room}, callback=True)
                _take_all(client, page)
            page.take(_joined(client, room, page))
        time.sleep(0.02)
    writer.join()
    for page, client in zip(pages, clients, strict=True):
        page.take(_joined(client, room, page))
        assert page.steps == list(range(1, 901))
        assert fold_all(page.events) == fold_all(Tail(folder.events_path).read())
        client.disconnect()


def _joined(client: SocketIOTestClient, room: str, page: Page) -> dict[str, Any]:
    """Take what has been pushed so far, then join (again) with what the page has."""
    client.emit("leave", {"room": room}, callback=True)
    _take_all(client, page)
    return ask_to_join(client, room, page)


def test_a_watched_job_is_pushed(lab: Lab) -> None:
    job, page = lab.job("model"), Page()
    client = socket(lab, "vic")
    page.take(ask_to_join(client, f"job:{job.id}", page))
    Worker(lab.store.folder(job.id)).work()
    until = time.monotonic() + 10
    while not page.steps and time.monotonic() < until:
        _take_all(client, page)
        time.sleep(0.01)
    assert page.steps == list(range(1, 8))


def test_who_may_not_see_a_job_any_more_is_taken_out(lab: Lab) -> None:
    live: Live = lab.app.extensions["foveal_live"]
    job = lab.job("model")
    sam, olga = socket(lab, "sam"), socket(lab, "olga")
    for client in (sam, olga):
        ask_to_join(client, f"job:{job.id}")
    lab.store.edit(job.id, visibility="private")
    with lab.app.test_request_context():
        live.recheck()
    assert [message["name"] for message in sam.get_received()] == ["gone"]
    Worker(lab.store.folder(job.id)).work()
    live.tell_jobs()
    assert sam.get_received() == []
    assert olga.get_received()[-1]["name"] == "update"


def test_the_loop_ends_when_nobody_watches(lab: Lab) -> None:
    live: Live = lab.app.extensions["foveal_live"]
    client = socket(lab, "vic")
    ask_to_join(client, f"job:{lab.job('model').id}")
    assert live._running
    client.disconnect()
    until = time.monotonic() + 10
    while live._running and time.monotonic() < until:
        time.sleep(0.02)
    assert not live._running
    assert not live.feeds


# -- the home page -----------------------------------------------------------------------------------------------


@pytest.fixture
def feed(lab: Lab) -> Iterator[HomeFeed]:
    """A home feed that has told all there is."""
    made = HomeFeed(lab.store)
    made.read()
    return made


def test_home_tells_changes_only(lab: Lab, feed: HomeFeed) -> None:
    job = lab.job("model")
    assert [row["id"] for row in feed.read()[EVERYBODY]["rows"]] == [job.id]
    assert feed.read() == {}
    lab.store.edit(job.id, status="Running", fraction=0.5)
    assert feed.read()[EVERYBODY]["rows"][0]["fraction"] == 0.5
    lab.store.edit(job.id, status="Done", fraction=1.0)
    assert feed.read()[EVERYBODY]["rows"][0]["status"] == "Done"
    assert feed.read() == {}


def test_home_tells_what_is_deleted(lab: Lab, feed: HomeFeed) -> None:
    job = lab.job("model")
    feed.read()
    lab.store.edit(job.id, delete_requested=True)
    assert feed.read() == {EVERYBODY: {"rows": [], "removed": [job.id]}}


def test_a_private_job_is_told_to_its_owner_and_admins(lab: Lab, feed: HomeFeed) -> None:
    job = lab.job("model", "olga", "private")
    assert set(feed.read()) == {own_room("olga"), ADMINS}
    lab.store.edit(job.id, visibility="lab")
    news = feed.read()
    assert news[EVERYBODY]["rows"]
    assert news[own_room("olga")]["removed"] == [job.id]


@pytest.mark.parametrize("visibility", ["lab", "private"])
@pytest.mark.parametrize("owner", ["olga", "ada", None])
def test_each_person_hears_of_a_job_once_where_it_may_be_seen(lab: Lab, visibility: str, owner: str | None) -> None:
    job = lab.job("model", owner, visibility)
    for name in ("olga", "sam", "vic", "ada"):
        heard = set(audience(job)) & set(rooms_of(lab.who(name)))
        assert len(heard) == (lab.store.get(job.id, lab.who(name)) is not None), name


def test_home_is_pushed_to_those_who_may_see(lab: Lab) -> None:
    live: Live = lab.app.extensions["foveal_live"]
    olga, sam = socket(lab, "olga"), socket(lab, "sam")
    mine = lab.job("model", "olga", "private")
    assert [row["id"] for row in ask_to_join(olga, "home")["rows"]] == [mine.id]
    assert ask_to_join(sam, "home")["rows"] == []
    lab.store.edit(mine.id, status="Running", fraction=0.25)
    live.tell_home()
    assert olga.get_received()[-1]["args"][0]["rows"][0]["fraction"] == 0.25
    assert not [message for message in sam.get_received() if message["name"] == "rows"]


def test_a_disabled_user_gets_no_new_socket(lab: Lab) -> None:
    accounts.set_disabled(lab.store, "sam", True)
    assert not socket(lab, "sam").is_connected()


def test_a_disabled_user_loses_the_socket_and_a_demoted_admin_what_is_private(lab: Lab) -> None:
    live: Live = lab.app.extensions["foveal_live"]
    job = lab.job("model", "olga", "private")
    sam, ada = socket(lab, "sam"), socket(lab, "ada")
    ask_to_join(ada, f"job:{job.id}")
    accounts.set_disabled(lab.store, "sam", True)
    accounts.set_role(lab.store, "olga", "admin")
    accounts.set_role(lab.store, "ada", "member")
    with lab.app.test_request_context():
        live.recheck()
    assert not sam.is_connected()
    assert ada.get_received()[-1]["name"] == "gone"


def test_points_on_disk_are_what_pages_saw(folder: JobFolder) -> None:
    worker, page = Worker(folder), Page()
    feed = Feed(folder)
    page.take(catch_up(folder, Position(), feed.position))
    worker.work(50)
    page.take(feed.read())
    assert page.steps == read(folder.series, "train/loss")["step"].tolist()
