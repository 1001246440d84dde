"""The recorder: points into curves, progress at a bounded rate, nothing lost and nothing stale."""

from __future__ import annotations

import errno
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs import recorder, series
from jobs.folder import JobFolder, Tail
from jobs.recorder import BATCH, Recorder, plain


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path / "job")
    made.series.mkdir(parents=True)
    return made


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """No flush by the clock, so that only what is asserted can have caused one."""
    monkeypatch.setattr(recorder, "INTERVAL", 1e6)


def kinds(folder: JobFolder) -> list[str]:
    return [event["kind"] for event in Tail(folder.events_path).read()]


def progress(fraction: float, phase: str = "Counting") -> dict[str, Any]:
    return {"kind": "progress", "fraction": fraction, "phase": phase}


def point(step: int) -> dict[str, Any]:
    return {"kind": "points", "step": step, "values": {"train/loss": float(step)}}


@pytest.mark.usefixtures("never")
def test_points_go_into_curves_in_batches_and_never_into_events(folder: JobFolder) -> None:
    with Recorder(folder) as writer:
        for step in range(BATCH - 1):
            writer.write(point(step))
        assert series.count(folder.series, "train/loss") == 0
        writer.write(point(BATCH))
        assert series.count(folder.series, "train/loss") == BATCH
        writer.write(point(BATCH + 1))
    assert series.count(folder.series, "train/loss") == BATCH + 1
    assert kinds(folder) == []


@pytest.mark.usefixtures("never")
def test_of_much_progress_the_first_and_the_last_are_written(folder: JobFolder) -> None:
    with Recorder(folder) as writer:
        for step in range(1000):
            writer.write(progress(step / 1000))
    assert [event["fraction"] for event in Tail(folder.events_path).read()] == [0.0, 0.999]


@pytest.mark.usefixtures("never")
def test_a_new_phase_is_written_at_once(folder: JobFolder) -> None:
    with Recorder(folder) as writer:
        writer.write(progress(0.1))
        writer.write(progress(0.2))
        writer.write(progress(0.2, "Writing"))
        assert [event["fraction"] for event in Tail(folder.events_path).read()] == [0.1, 0.2]


@pytest.mark.usefixtures("never")
def test_whoever_reads_an_event_finds_the_points_before_it(folder: JobFolder) -> None:
    with Recorder(folder) as writer:
        writer.write(progress(0.1))
        writer.write(progress(0.2))
        writer.write(point(1))
        writer.write({"kind": "metrics", "step": 1, "epoch": 1.0, "values": {"val/loss": 1.0}})
        assert series.count(folder.series, "train/loss") == 1
        assert kinds(folder) == ["progress", "progress", "metrics"]


def test_what_is_pending_is_written_while_the_task_is_silent(folder: JobFolder) -> None:
    with Recorder(folder) as writer:
        writer.write(point(1))
        for _ in range(200):
            if series.count(folder.series, "train/loss"):
                break
            threading.Event().wait(0.05)
        assert series.count(folder.series, "train/loss") == 1


def test_a_full_disk_met_by_the_thread_stops_the_task_at_its_next_word(
    folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full", "somewhere")

    def work() -> None:
        with Recorder(folder) as writer:
            for step in range(500):
                writer.write(point(step) | {"wall": 1.0})
                threading.Event().wait(0.01)

    monkeypatch.setattr(recorder, "INTERVAL", 0.01)
    monkeypatch.setattr(series, "append_whole", full)
    with pytest.raises(OSError, match="full"):
        work()


def test_values_become_strict_json() -> None:
    value = {
        "nan": float("nan"),
        "inf": [float("-inf"), 1.5],
        "numpy": np.float32(0.5),
        "array": np.array([1.0, np.nan]),
        "path": Path("/x"),
        "tuple": (1, True, None, "text"),
        3: np.int64(4),
    }
    made = plain(value)
    assert made == {
        "nan": None,
        "inf": [None, 1.5],
        "numpy": 0.5,
        "array": [1.0, None],
        "path": "/x",
        "tuple": [1, True, None, "text"],
        "3": 4,
    }
    json.dumps(made, allow_nan=False)
