"""Build and analysis as the processes that they are: on odd and damaged files, with their memory and their logs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data.analysis.options import AnalysisOptions
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions
from data.options import parse, plain
from jobs.folder import JobFolder
from jobs.job import Job, Status, new_id
from tests.data.factory import make_gradient_folder
from tests.data.shared import messy_folder

GIGABYTE = 1 << 20  # in kilobytes, as the system counts a process's memory


def worker(folder: JobFolder) -> int:
    """Run the job in a process of its own; returns the most memory that it had, in kB. Its output is its log."""
    script = (
        "import resource, subprocess, sys\n"
        "with open(sys.argv[2], 'wb') as log:\n"
        "    subprocess.run([sys.executable, '-m', 'jobs.worker', sys.argv[1]], stdout=log, stderr=log, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )  # a small process in between: a child's figure begins with what its parent had when it was forked
    command = [sys.executable, "-c", script, str(folder.path), str(folder.log_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, folder.log_tail()
    return int(done.stdout)


def asked(root: Path, kind: str, task: str, options: Any, parents: tuple[str, ...] = ()) -> JobFolder:
    return JobFolder.create(root, Job(new_id(), kind, task, kind, plain(options), parents=parents))


@pytest.mark.process
def test_odd_and_damaged_files_neither_kill_a_worker_nor_fill_its_log(tmp_path: Path) -> None:
    images = messy_folder(tmp_path)
    options = DatasetOptions(folder=str(images), width=64, height=64, val_percent=20, min_per_class=None)
    built = asked(tmp_path / "jobs", "dataset", "build_dataset", options)
    memory = {"build": worker(built)}
    failures = [json.loads(line) for line in (built.artifacts / "failures.jsonl").read_text().splitlines()]
    assert all(failure["reason"] for failure in failures)
    bombs = {Path(failure["path"]).name: failure["reason"] for failure in failures if "bomb" in failure["path"]}
    assert set(bombs) == {"decompression_bomb.gif", "decompression_bomb.ico"}
    assert all("million pixels" in reason for reason in bombs.values())
    dataset = open_dataset(built.artifacts)
    files = [
        path for path in images.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".gif", ".tif", ".ico", ".bmp")
    ]
    assert sum(info.entries for info in dataset.splits.values()) + len(failures) >= len(files)
    analysed = asked(tmp_path / "jobs", "analysis", "analyse_dataset", AnalysisOptions(dataset=built.path.name))
    memory["analysis"] = worker(analysed)
    for folder in (built, analysed):
        assert folder.state().status is Status.DONE
        assert folder.log_path.stat().st_size < 2000, folder.log_tail()
    assert analysed.state().artifacts["findings"]["unreadable"] == len(failures)
    assert max(memory.values()) < GIGABYTE, memory


@pytest.mark.process
def test_an_analysis_writes_into_its_own_folder_only(tmp_path: Path) -> None:
    options = DatasetOptions(folder=str(make_gradient_folder(tmp_path / "images")), width=10, height=10)
    built = asked(tmp_path / "jobs", "dataset", "build_dataset", options)
    worker(built)
    before = {path: path.stat().st_mtime_ns for path in built.path.rglob("*")}
    analysed = asked(tmp_path / "jobs", "analysis", "analyse_dataset", AnalysisOptions(dataset=built.path.name))
    worker(analysed)
    assert {path: path.stat().st_mtime_ns for path in built.path.rglob("*")} == before
    assert (analysed.artifacts / "analysis.json").exists()
    script = "import sys, jobs.tasks.analyse_dataset; print([m for m in ('torch', 'flask') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_dataset_of_an_analysis_is_an_id() -> None:
    for wrong in ("", "../..", "20200101-000000-0000/../x"):
        with pytest.raises(InvalidOptions):
            parse(AnalysisOptions, {"dataset": wrong})
