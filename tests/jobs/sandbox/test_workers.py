"""A real worker that trains a hostile network: it learns, and reaches nothing outside of its own job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.executors.local import worker_environment
from jobs.folder import JobFolder
from jobs.job import Job, Status, new_id
from tests.jobs.sandbox.test_sandbox import needs_landlock, needs_seccomp
from tests.models.jobs import DATASET, make_dataset

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.process

HOSTILE = '''
import ctypes, glob, json, os, signal, socket, sqlite3, subprocess, tempfile, threading
from pathlib import Path
import torch
from torch import nn

HOME = Path(os.environ["FOVEAL_CHILD"])
OWN = Path.cwd()
library = ctypes.CDLL(None, use_errno=True)


def native(call, *arguments):
    """Beside Python's own hook: only the kernel can refuse it."""
    found = getattr(library, call)(*arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def patched():
    """In a thread that Foveal's own code starts or has running."""
    import jobs.folder
    before, found, done = jobs.folder.append_whole, [], threading.Event()
    def evil(path, data):
        if not found:
            found.append(said(lambda: native("open", bytes(HOME / "foveal.db"), 0)))
            done.set()
        before(path, data)
    jobs.folder.append_whole = evil
    import jobs.recorder, jobs.series
    jobs.series.append_whole = evil
    done.wait(0.5)
    return found


def said(work):
    try:
        return "did: " + repr(work())[:80]
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


TRIES = {
    "read the database": lambda: (HOME / "foveal.db").read_bytes(),
    "read it natively": lambda: native("open", bytes(HOME / "foveal.db"), 0),
    "open it by SQLite": lambda: sqlite3.connect(f"file:{HOME}/foveal.db?mode=ro", uri=True).execute("select 1"),
    "read another job": lambda: (HOME / "jobs" / "other" / "job.json").read_text(),
    "list the home": lambda: os.listdir(HOME),
    "list the jobs": lambda: list(os.scandir(HOME / "jobs")),
    "change its own order": lambda: (OWN / "job.json").write_text("{}"),
    "forge its handle": lambda: native("creat", bytes(OWN / "handle.json"), 0o600),
    "write into the home": lambda: (HOME / "mine").write_text("x"),
    "write beside the home": lambda: native("creat", bytes(HOME.parent / "mine"), 0o600),
    "remove the dataset": lambda: native("unlink", bytes(HOME / "jobs" / DATASET / "artifacts" / "dataset.json")),
    "start a program": lambda: subprocess.run(["true"]),
    "start one natively": lambda: native("fork"),
    "call out": lambda: socket.create_connection(("127.0.0.1", 9)),
    "open a socket": lambda: native("socket", 2, 1, 0),
    "stop the parent": lambda: native("kill", os.getppid(), 15),
    "look into the parent": lambda: open(f"/proc/{os.getppid()}/environ", "rb").read(),
    "take all memory": lambda: torch.empty(1 << 50, dtype=torch.uint8).fill_(1),
}


class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        self.fc = nn.Linear(channels * height * width, classes)
        if os.environ.get("TRIED") is None:
            os.environ["TRIED"] = "1"
            found = {name: said(work) for name, work in TRIES.items()} | {"from another thread": str(patched())}
            found["keep a temporary file"] = said(lambda: tempfile.NamedTemporaryFile().write(b"x"))
            found["compute in threads"] = said(lambda: torch.randn(200, 200).mm(torch.randn(200, 200)).shape)
            (OWN / "artifacts" / "tried.json").write_text(json.dumps(found))

    def forward(self, x):
        return self.fc(x.flatten(1))
'''


def work(folder: JobFolder, **more: str) -> None:
    """Carry a job out as the scheduler has it done, in a process of its own."""
    environment = {**worker_environment(folder.path.parents[1], ()), "OMP_NUM_THREADS": "2", **more}
    command = [sys.executable, "-P", "-m", "jobs.worker", str(folder.path)]
    with folder.log_path.open("ab") as log:
        subprocess.run(command, cwd=folder.path, env=environment, stdout=log, stderr=log, timeout=120, check=False)


def make_job(home: Path, source: str, **options: object) -> JobFolder:
    """A model job on the gradient dataset of the home, which has a database and another job."""
    jobs = home / "jobs"
    jobs.mkdir(parents=True)
    (home / "foveal.db").write_text("secrets")
    make_dataset(jobs)
    (jobs / "other").mkdir()
    (jobs / "other" / "job.json").write_text("{}")
    values = {"dataset": DATASET, "network": "custom", "epochs": 1, "batch_size": 8, "seed": 1, **options}
    job = Job(id=new_id(), type="model", task="train_model", name="m", options=values, parents=(DATASET,))
    folder = JobFolder.create(jobs, job)
    (folder.artifacts / "network.py").write_text(source)
    return folder


@needs_landlock
@needs_seccomp
def test_a_hostile_network_is_trained_and_reaches_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = make_job(home, HOSTILE.replace("DATASET", repr(DATASET)))
    before = (folder.path / "job.json").read_text()
    work(folder)
    state = folder.state()
    assert state.status == Status.DONE, folder.log_tail()
    found = json.loads((folder.artifacts / "tried.json").read_text())
    allowed = {name: text for name, text in found.items() if text.startswith("did: ")}
    assert set(allowed) == {"keep a temporary file", "compute in threads"}, allowed
    assert "did" not in found["from another thread"]
    assert found["read the database"] == f"PermissionError: The code of a network may not read {home / 'foveal.db'}"
    assert "may not start other programs" in found["start a program"]
    assert (folder.path / "job.json").read_text() == before
    assert sorted(os.listdir(home)) == ["foveal.db", "jobs"]
    assert sorted(os.listdir(tmp_path)) == ["home"]
    assert any(folder.checkpoints.glob("*.safetensors"))
    assert any(folder.series.glob("*.bin"))
    assert not any((folder.path / "tmp").iterdir())


def test_the_sandbox_of_workers_can_be_switched_off(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = HOSTILE.replace("DATASET", repr(DATASET)).replace(
        "TRIES.items()", "TRIES.items() if name in ('read the database', 'start a program')"
    )
    folder = make_job(home, source)
    work(folder, FOVEAL_CONFINE="0")
    assert folder.state().status == Status.DONE, folder.log_tail()
    found = json.loads((folder.artifacts / "tried.json").read_text())
    assert found["read the database"] == "did: b'secrets'"
    assert found["start a program"].startswith("did: ")
