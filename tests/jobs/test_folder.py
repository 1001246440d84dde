"""The job folder's files: whole or not at all, torn lines cut off, unreadable ones named."""

from __future__ import annotations

import errno
import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.whole import write_json
from jobs.folder import BrokenFolder, EventLog, JobFolder, Tail, append_whole, tail_bytes
from jobs.job import Job, Needs, is_id, new_id


def job(job_id: str = "20261124-101010-abcd") -> Job:
    return Job(
        job_id, "model", "count", "A job", {"steps": 3}, {"steps": "3"}, "ada", "g", ("p",), Needs(1, (0,), 0), 5.0
    )


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    return JobFolder.create(tmp_path, job())


SMALL = 100


@contextmanager
def small_files() -> Iterator[None]:
    """No file may grow beyond SMALL bytes: what a full disk does to a write, without filling one.

    Not a fixture, since pytest's own report, where it goes to a file, must not be written under the limit.
    """
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_job_comes_back_as_it_was(folder: JobFolder) -> None:
    assert folder.job() == job()


def test_an_id_is_taken_once(folder: JobFolder) -> None:
    with pytest.raises(FileExistsError):
        JobFolder.create(folder.path.parent, job())
    assert folder.job() == job()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": 1, "needs": {}}', "\xff"])
def test_an_unreadable_job_is_named_with_the_reason(folder: JobFolder, text: str) -> None:
    (folder.path / "job.json").write_text(text, encoding="latin-1")
    with pytest.raises(BrokenFolder, match=r"job\.json cannot be read: .+"):
        folder.job()


def test_a_folder_that_is_gone_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenFolder, match="No such file"):
        JobFolder(tmp_path / "nowhere").job()


def test_ids_are_drawn_in_digits_form() -> None:
    assert all(is_id(new_id()) for _ in range(50))
    assert not any(
        map(is_id, ["", "../x", "20261124-101010-abcd/..", "20261124-101010-ABCD", "20261124-101010-abcd\n"])
    )


@given(st.lists(st.text(max_size=20), max_size=5), st.integers(1, 60))
@settings(deadline=None)
def test_a_torn_line_is_not_read_and_the_next_writer_cuts_it_off(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], torn: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    log = EventLog(path)
    for text in texts:
        log.append("note", text=text)
    half = json.dumps({"seq": 99, "time": 1.0, "kind": "note", "text": "x" * 60}).encode()[:torn]
    with path.open("ab") as file:
        file.write(half)
    tail = Tail(path)
    assert [event["text"] for event in tail.read()] == texts
    EventLog(path).append("note", text="after")
    assert [(event["seq"], event["text"]) for event in tail.read()] == [(len(texts) + 1, "after")]


def test_a_tail_gives_each_event_once(folder: JobFolder) -> None:
    tail, log = Tail(folder.events_path), EventLog(folder.events_path)
    assert tail.read() == []
    log.append("note", text="a")
    log.append("note", text="b")
    assert [event["text"] for event in tail.read()] == ["a", "b"]
    assert tail.read() == []


def test_a_damaged_line_hides_no_other(folder: JobFolder) -> None:
    EventLog(folder.events_path).append("note", text="a")
    append_whole(folder.events_path, b'\x00\xffnoise\n{"seq": "no kind"}\n')
    EventLog(folder.events_path).append("note", text="b")
    assert [(event["seq"], event["text"]) for event in Tail(folder.events_path).read()] == [(1, "a"), (2, "b")]


def test_events_are_strict_json(folder: JobFolder) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        EventLog(folder.events_path).append("metrics", values={"loss": float("nan")})
    assert Tail(folder.events_path).read() == []


def test_half_an_event_is_taken_back_when_the_disk_is_full(folder: JobFolder) -> None:
    log = EventLog(folder.events_path)
    log.append("note", text="fits")
    size = folder.events_path.stat().st_size
    with small_files(), pytest.raises(OSError, match=r"events\.jsonl") as caught:
        log.append("note", text="x" * SMALL)
    assert caught.value.errno == errno.EFBIG
    assert folder.events_path.stat().st_size == size
    assert log.seq == 1


def test_a_file_is_replaced_whole_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"old": 1})
    with small_files(), pytest.raises(OSError, match=r"x\.json"):
        write_json(path, {"new": "x" * SMALL})
    assert json.loads(path.read_text()) == {"old": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["x.json"], "nothing is left beside it"


def test_half_a_folder_is_not_left_behind(tmp_path: Path) -> None:
    with small_files(), pytest.raises(OSError, match=r"job\.json"):
        JobFolder.create(tmp_path, job())
    assert not list(tmp_path.iterdir())


def test_the_log_tail_reads_the_end(folder: JobFolder) -> None:
    assert folder.log_tail() == ""
    folder.log_path.write_bytes(b"".join(b"line %d\n" % number for number in range(30_000)) + b"\xff end")
    assert folder.log_tail(2) == "line 29999\n� end"


def test_an_unreadable_log_says_so(folder: JobFolder) -> None:
    folder.log_path.mkdir()
    assert "cannot be read" in folder.log_tail()


def test_the_last_bytes_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    assert tail_bytes(tmp_path / "x", 4) == b"6789"
    assert tail_bytes(tmp_path / "x", 4, 8) == b"89"
    assert tail_bytes(tmp_path / "none", 4) == b""
