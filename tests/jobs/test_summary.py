"""What lists show: kept up to date from what was appended."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from jobs.events import JobState
from jobs.folder import JobFolder
from jobs.series import POINT, SeriesWriter
from jobs.summary import Summary, size_on_disk, sparkline


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path / "job")
    made.series.mkdir(parents=True)
    return made


def add(folder: JobFolder, *values: float, curve: str = "val/loss") -> None:
    writer = SeriesWriter(folder.series)
    for step, value in enumerate(values):
        writer.add(step, 0.0, {curve: value})
    writer.flush()


def test_curves_are_followed_as_they_grow(folder: JobFolder) -> None:
    summary = Summary(folder)
    assert summary.update(JobState())["curves"] == {}
    add(folder, 3.0, 1.0)
    assert summary.update(JobState())["curves"] == {"val/loss": {"points": 2, "last": 1.0, "min": 1.0, "max": 3.0}}
    add(folder, math.nan, 2.0, math.inf)
    assert summary.update(JobState())["curves"] == {"val/loss": {"points": 5, "last": None, "min": 1.0, "max": 3.0}}
    assert summary.points == 5


def test_a_curve_without_a_number_has_no_extremes(folder: JobFolder) -> None:
    add(folder, math.nan)
    curves = Summary(folder).update(JobState())["curves"]
    assert curves["val/loss"] == {"points": 1, "last": None, "min": None, "max": None}


def test_a_datasets_counts(folder: JobFolder) -> None:
    state = JobState(
        artifacts={"counts": {"train": [3, 4], "val": [1, 0]}, "classes": ["a", "b"], "failed": {"train": 2}},
        progress={"fraction": 0.5, "phase": "Reading", "rate": 9.0, "unit": "images", "eta": 1.0},
    )
    summary = Summary(folder).update(state)
    assert summary["counts"] == {"train": 7, "val": 1}
    assert (summary["classes"], summary["failed"]) == (2, {"train": 2})
    assert (summary["phase"], summary["rate"], summary["unit"]) == ("Reading", 9.0, "images")


def test_a_models_last_metrics(folder: JobFolder) -> None:
    events = ({"step": 1, "epoch": 0.5, "values": {"a": 1}}, {"step": 2, "epoch": 1.0, "values": {"a": 2}})
    summary = Summary(folder).update(JobState(metrics=events))
    assert (summary["step"], summary["epoch"], summary["metrics"]) == (2, 1.0, {"a": 2})


@pytest.mark.parametrize("count", [0, 1, 59, 60, 61, 1000, 250_001])
def test_a_sparkline_has_at_most_sixty_points_and_the_right_slope(count: int) -> None:
    points = np.zeros(count, POINT)
    points["value"] = np.arange(count)
    line = sparkline(points)
    assert len(line) == min(count, 60)
    assert line == sorted(line)  # type: ignore[type-var]


def test_a_sparkline_leaves_out_what_is_no_number() -> None:
    points = np.zeros(120, POINT)
    points["value"] = [1.0, math.nan] * 30 + [math.inf, math.nan] * 30
    assert sparkline(points) == [1.0] * 30 + [None] * 30


def test_size_on_disk_counts_files_below_and_nothing_of_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").write_bytes(b"x" * 100_000)
    (tmp_path / "big").write_bytes(b"x" * 1_000_000)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "big")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert 100_000 <= size_on_disk(tmp_path / "a") < 101_000
    assert size_on_disk(tmp_path / "none") == 0
