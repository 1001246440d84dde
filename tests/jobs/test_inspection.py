"""The inspector as a real process: answers, errors in words, crashes, deadlines, and its end with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from data.errors import InvalidOptions, UserError
from jobs.inspection import MODELS, InspectorDied, Inspectors, InspectorTimeout
from jobs.processes import start_mark

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.process


@pytest.fixture
def inspectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inspectors]:
    """With the requests of requests_for_tests.py, which need no torch."""
    monkeypatch.setenv("FOVEAL_REQUESTS", "tests.jobs.requests_for_tests")
    found = Inspectors(tmp_path)
    yield found
    found.close()


def wait_for(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What ``true`` answers once that is something."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def test_values_and_bytes_go_both_ways_through_one_process(inspectors: Inspectors) -> None:
    blobs = [b"", os.urandom(3_000_000), b"\x00\xff"]
    first, back = inspectors.ask("echo", {"text": "größe", "none": None, "n": [1, 2.5]}, blobs)
    assert back == blobs[::-1]
    assert (first["text"], first["none"], first["n"]) == ("größe", None, [1, 2.5])
    assert inspectors.ask("echo", {})[0]["pid"] == first["pid"] != os.getpid()


def test_many_at_once_get_each_their_own_answer(inspectors: Inspectors) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: inspectors.ask("echo", {"n": n}, [b"%d" % n]), range(64)))
    assert [(values["n"], blobs) for values, blobs in answers] == [(n, [b"%d" % n]) for n in range(64)]
    assert len({values["pid"] for values, _ in answers}) == 1


def test_errors_cross_the_wire_whole(inspectors: Inspectors) -> None:
    with pytest.raises(UserError) as error:
        inspectors.ask("wrong", {"kind": "user"})
    assert (error.value.message, error.value.field, error.value.hint) == (
        "The picture is no picture.",
        "image",
        "Send a PNG.",
    )
    with pytest.raises(InvalidOptions) as invalid:
        inspectors.ask("wrong", {"kind": "options"})
    assert invalid.value.fields == {"width": ["too small", "odd"], "height": ["too large"]}


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("wrong", {"kind": "bug"}, "nobody thought of this"),
        ("wrong", {"kind": "answer"}, "not JSON serializable"),
        ("leave", {}, "SystemExit"),
        ("nonsense", {}, "nonsense"),
    ],
)
def test_what_goes_wrong_within_is_said_and_costs_no_process(
    inspectors: Inspectors, name: str, params: dict[str, Any], words: str
) -> None:
    before = inspectors.ask("echo", {})[0]["pid"]
    with pytest.raises(UserError, match=words):
        inspectors.ask(name, params)
    assert inspectors.ask("echo", {})[0]["pid"] == before


def test_a_crash_costs_one_request(inspectors: Inspectors) -> None:
    before = inspectors.ask("echo", {})[0]["pid"]
    with pytest.raises(InspectorDied, match="SIGSEGV"):
        inspectors.ask("crash", {})
    assert inspectors.ask("echo", {})[0]["pid"] != before


def test_one_that_died_between_two_requests_costs_none(inspectors: Inspectors) -> None:
    pid = inspectors.ask("echo", {})[0]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: inspectors._processes[MODELS].ended)  # a zombie's threads may still be ending
    assert inspectors.ask("echo", {})[0]["pid"] != pid


def test_a_deadline_kills_it_with_all_it_started(inspectors: Inspectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEAL_CONFINE", "0")  # where the kernel lets it start anything at all
    pid, child = inspectors.ask("echo", {})[0]["pid"], inspectors.ask("spawn", {})[0]["pid"]
    with pytest.raises(InspectorTimeout, match=r"0\.2 s "):
        inspectors.ask("sleep", {"seconds": 60}, deadline=0.2)
    assert start_mark(pid) is None
    wait_for(lambda: start_mark(child) is None)


def test_the_innocent_are_asked_again_when_another_is_timed_out(inspectors: Inspectors) -> None:
    inspectors.ask("echo", {})
    with ThreadPoolExecutor(2) as pool:
        innocent = pool.submit(inspectors.ask, "sleep", {"seconds": 1})
        guilty = pool.submit(inspectors.ask, "sleep", {"seconds": 60}, (), 0.3)
        with pytest.raises(InspectorTimeout):
            guilty.result()
        assert innocent.result()[0] == {"slept": 1}


def test_a_module_that_cannot_be_imported_is_said(inspectors: Inspectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEAL_REQUESTS", "tests.jobs.no_such_module")
    with pytest.raises(InspectorDied, match="no_such_module"):
        inspectors.ask("echo", {})


def test_it_may_write_into_its_scratch_folder_alone_and_that_goes_with_it(inspectors: Inspectors) -> None:
    scratch = Path(inspectors.ask("write", {"path": None})[0]["path"]).parent
    assert scratch.exists()
    with pytest.raises(UserError, match="may not write to"):
        inspectors.ask("write", {"path": str(scratch.parent / "elsewhere")})
    with pytest.raises(UserError, match="may not start other programs"):
        inspectors.ask("spawn", {})
    inspectors.close()
    assert not scratch.exists()


def test_it_reads_jobs_and_what_lies_elsewhere_but_nothing_else_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOVEAL_REQUESTS", "tests.jobs.requests_for_tests")
    home = tmp_path / "home"
    (home / "jobs" / "one").mkdir(parents=True)
    for path in (home / "foveal.db", home / "jobs" / "one" / "job.json"):
        path.write_text("here")
    inspectors = Inspectors(home)
    try:
        assert inspectors.ask("look", {"path": str(home / "jobs" / "one" / "job.json")})[0]["text"] == "here"
        with pytest.raises(UserError, match="may not read"):
            inspectors.ask("look", {"path": str(home / "foveal.db")})
        (tmp_path / "later.txt").write_text("here")  # made when the inspector runs already
        assert inspectors.ask("look", {"path": str(tmp_path / "later.txt")})[0]["text"] == "here"
    finally:
        inspectors.close()


def test_a_source_that_hangs_holds_up_no_trained_model(inspectors: Inspectors) -> None:
    inspectors.ask("echo", {})
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(inspectors.ask, "check_network", {}, (), 1.5)
        assert inspectors.ask("echo", {"n": 1})[0]["n"] == 1
        assert not hanging.done()
        with pytest.raises(InspectorTimeout):
            hanging.result()


def test_close_leaves_nothing_and_may_be_repeated(inspectors: Inspectors) -> None:
    pid = inspectors.ask("echo", {})[0]["pid"]
    inspectors.close()
    inspectors.close()
    assert start_mark(pid) is None


_PARENT = """
{patch}
import sys, time
from pathlib import Path
from jobs.inspection import Inspectors, InspectorDied
inspectors = Inspectors(Path(sys.argv[1]))
inspectors.warm()
print(inspectors.ask("echo", {{}}, [b"a", b"b"])[1], flush=True)
try:
    inspectors.ask("crash", {{}})
except InspectorDied:
    print(inspectors.ask("echo", {{}})[0]["pid"], flush=True)
print(inspectors.ask("spawn", {{}})[0]["pid"], flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("patch", ["", "from gevent import monkey; monkey.patch_all()"], ids=["plain", "gevent"])
def test_it_ends_with_its_parent_however_that_ends(tmp_path: Path, patch: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT.format(patch=patch), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "FOVEAL_REQUESTS": "tests.jobs.requests_for_tests", "FOVEAL_CONFINE": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    with parent, parent.stdout:
        assert parent.stdout.readline() == "[b'b', b'a']\n"
        pids = [int(parent.stdout.readline()) for _ in range(2)]  # the inspector, and a child of its own
        assert all(map(start_mark, pids))
        parent.kill()
        parent.wait()
        wait_for(lambda: not any(map(start_mark, pids)))


def test_waiting_leaves_the_other_greenlets_running(tmp_path: Path) -> None:
    code = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
from pathlib import Path
from jobs.inspection import Inspectors
inspectors, ticks = Inspectors(Path(sys.argv[1])), []
def tick():
    while True:
        ticks.append(1); gevent.sleep(0.01)
gevent.spawn(tick)
inspectors.ask("echo", {})
ticks.clear()
inspectors.ask("sleep", {"seconds": 0.5})
print(len(ticks) > 5)
inspectors.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "FOVEAL_REQUESTS": "tests.jobs.requests_for_tests"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "True\n", done.stderr
