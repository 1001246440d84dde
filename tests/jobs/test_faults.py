"""Real schedulers and workers that are killed, stopped, starved of disk and asked for the impossible."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.folder import Tail
from jobs.job import Job, new_id
from jobs.processes import start_mark
from jobs.scheduler import GRACE
from jobs.store import Store
from jobs.tables import JobRow

ROOT = Path(__file__).parents[2]
TASKS = Path(__file__).parent / "tasks_for_tests"
pytestmark = pytest.mark.process


class Lab:
    """A home with a scheduler process."""

    def __init__(self, home: Path) -> None:
        self.store = Store(home)
        self.scheduler: subprocess.Popen[bytes] | None = None

    def start(self, *before: str) -> None:
        """Start the scheduler; ``before`` is a shell command that sets its limits."""
        command = [sys.executable, "-m", "jobs.scheduler", str(self.store.home)]
        if before:
            command = ["/bin/sh", "-c", f'{before[0]}; exec "$@"', "limits", *command]
        environment = {**os.environ, "FOVEAL_TASK_PATH": str(TASKS), "OMP_NUM_THREADS": "1"}
        self.scheduler = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)

    def kill(self) -> None:
        """SIGKILL to the scheduler alone."""
        if self.scheduler:
            self.scheduler.kill()
            self.scheduler.wait()

    def job(self, task: str = "count", type: str = "model", parents: tuple[str, ...] = (), **options: Any) -> str:
        """Ask for a job."""
        return self.store.create(
            Job(new_id(), type, task, f"the {type}", options, parents=parents, created=time.time())
        ).id

    def row(self, job_id: str) -> JobRow:
        """Its row."""
        row = self.store.get(job_id, anyone=True)
        assert row is not None
        return row

    def events(self, job_id: str) -> list[Any]:
        """All its events."""
        return Tail(self.store.folder(job_id).events_path).read()

    def until(self, job_id: str, *statuses: str) -> JobRow:
        """The row once it has one of the statuses."""
        wait_for(lambda: self.row(job_id).status in statuses, f"{job_id} {statuses}", lambda: self.row(job_id).status)
        return self.row(job_id)

    def worker(self, job_id: str) -> int:
        """The worker's process number once it runs."""
        found = wait_for(lambda: [event["pid"] for event in self.events(job_id) if "pid" in event])
        return int(found[-1])


def wait_for(
    true: Callable[[], Any], what: str = "", now: Callable[[], Any] = lambda: "", seconds: float = 30.0
) -> Any:
    """What ``true`` answers once that is something."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"waited in vain for {what}: {now()}"
        time.sleep(0.05)
    return found


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Nothing of it is left running."""
    lab = Lab(tmp_path / "home")
    yield lab
    lab.kill()
    for folder in lab.store.root.iterdir():
        for event in lab.events(folder.name):
            if "pid" in event and start_mark(event["pid"]) == event["mark"]:
                os.killpg(os.getpgid(event["pid"]), signal.SIGKILL)
    lab.store.close()


def test_a_killed_worker_is_an_error_that_names_the_signal(lab: Lab) -> None:
    lab.start()
    job = lab.job(steps=1000, pause=0.1)
    os.kill(lab.worker(job), signal.SIGKILL)
    assert "SIGKILL" in lab.until(job, "Error", "Done").error


def test_a_worker_outlives_its_scheduler_and_is_found_again(lab: Lab) -> None:
    lab.start()
    job = lab.job(steps=60, pause=0.1)
    pid = lab.worker(job)
    lab.kill()
    assert start_mark(pid)
    lab.start()
    row = lab.until(job, "Done", "Error")
    assert (row.status, row.fraction) == ("Done", 1.0)
    events = lab.events(job)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert len([event for event in events if event.get("status") == "Running"]) == 1
    assert {event["pid"] for event in events if "pid" in event} == {pid}


def test_a_worker_that_ended_while_nobody_looked_is_settled(lab: Lab) -> None:
    lab.start()
    job = lab.job(steps=1000, pause=0.1)
    pid = lab.worker(job)
    lab.kill()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: start_mark(pid) is None)
    lab.start()
    assert "SIGKILL" in lab.until(job, "Error").error


def test_an_abort_ends_a_worker_with_a_child_that_ignores_sigterm(lab: Lab) -> None:
    lab.start()
    job = lab.job("stubborn")
    children = wait_for(lambda: [e["value"] for e in lab.events(job) if e["kind"] == "artifact"])
    pid = lab.worker(job)
    lab.store.edit(job, abort_requested=True)
    lab.until(job, "Aborted")
    assert start_mark(pid) is None
    assert start_mark(children[0]) is None
    assert GRACE + 1 < 5, "seconds that the whole group is promised to be gone in"


def test_a_slot_is_free_once_a_worker_that_had_said_done_has_gone(lab: Lab) -> None:
    """The only slot: the second job starts only if the scheduler still attends to the first after its Done."""
    lab.start()
    first = lab.job("linger", seconds=2.0)
    pid = lab.worker(first)
    lab.until(first, "Done")
    assert start_mark(pid) is not None, "the worker is still there"
    second = lab.job("count")
    lab.until(second, "Done")
    assert start_mark(pid) is None


def test_an_unreadable_folder_is_listed_with_the_reason_and_stops_nobody(lab: Lab) -> None:
    broken = lab.job()
    (lab.store.folder(broken).path / "job.json").write_text("{")
    good = lab.job()
    lab.start()
    assert lab.until(good, "Done", "Error").status == "Done"
    row = lab.until(broken, "Error")
    assert "job.json" in row.broken


def test_a_full_disk_is_an_error_in_words(lab: Lab) -> None:
    job = lab.job("fill")
    lab.start("ulimit -f 2000")  # blocks of 512 bytes: the task wants 4 MB
    row = lab.until(job, "Error", "Done")
    assert "largest file size allowed" in row.error
    assert "filled.bin" in row.error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_error_in_words(lab: Lab) -> None:
    job = lab.job()
    folder = lab.store.folder(job).path
    folder.chmod(0o500)
    lab.start()
    try:
        assert "no permission" in lab.until(job, "Error", "Done").error
    finally:
        folder.chmod(0o700)


def test_curves_that_cannot_be_written_are_an_error_in_words(lab: Lab) -> None:
    """Nobody may make files in /sys, not even root, who may write everywhere else."""
    job = lab.job(steps=20, pause=0.1)
    series = lab.store.folder(job).series
    series.rmdir()
    series.symlink_to("/sys")
    lab.start()
    row = lab.until(job, "Error", "Done")
    assert "series" in row.error
    assert any(words in row.error for words in ("no permission", "read-only"))


def test_a_folder_that_is_gone_is_an_error_in_words(lab: Lab) -> None:
    job = lab.job()
    lab.store.folder(job).path.rename(lab.store.home / "elsewhere")
    lab.start()
    assert str(lab.store.folder(job).path) in lab.until(job, "Error", "Done").error


def test_a_model_waits_for_its_dataset(lab: Lab) -> None:
    dataset = lab.job(type="dataset", steps=15, pause=0.1)
    model = lab.job(parents=(dataset,))
    lab.start()
    wait_for(lambda: "waiting for dataset the dataset" in lab.row(model).reason)
    assert lab.until(model, "Done", "Error", "Aborted").status == "Done"
    started, finished = lab.row(model).started, lab.row(dataset).finished
    assert started is not None
    assert finished is not None
    assert started >= finished


def test_a_failed_dataset_aborts_its_models(lab: Lab) -> None:
    dataset = lab.job("no_such_task", type="dataset")
    model = lab.job(parents=(dataset,))
    lab.start()
    row = lab.until(model, "Done", "Error", "Aborted")
    assert row.status == "Aborted"
    assert "failed" in row.reason
    assert "no_such_task" in lab.row(dataset).error


def test_a_second_scheduler_refuses(lab: Lab) -> None:
    lab.start()
    job = lab.job()
    lab.until(job, "Done")
    second = subprocess.run(
        [sys.executable, "-m", "jobs.scheduler", str(lab.store.home)], cwd=ROOT, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert "already" in second.stderr
