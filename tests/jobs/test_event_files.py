"""Event files are what TensorBoard reads: every scalar with its step and time, also after a resumption and a crash."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from jobs import series
from jobs.event_files import EventWriter, framed
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.recorder import Recorder
from jobs.series import SeriesWriter

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no tensorboard")
WALL = 1_700_000_000.25


def scalars(folder: Path) -> dict[str, list[tuple[int, float, float]]]:
    """What TensorBoard's own reader finds: tag -> (step, wall, value)."""
    reader = accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0})
    reader.Reload()
    tags = reader.Tags()["scalars"]
    return {tag: [(event.step, event.wall_time, event.value) for event in reader.Scalars(tag)] for tag in tags}


def test_every_scalar_is_read_back_with_its_step_and_time(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "board", tmp_path / "series")
    losses = np.random.default_rng(0).normal(size=300)
    for step, loss in enumerate(losses):
        writer.add(step, WALL + step, {"train/loss": loss, "learning_rate": 0.1})
        if step % 100 == 99:
            writer.add(step, WALL + step, {"val/Genauigkeit \u00fc": 0.5})
    writer.flush()
    found = scalars(tmp_path / "board")
    assert set(found) == {"train/loss", "learning_rate", "val/Genauigkeit \u00fc"}
    assert found["train/loss"] == [(step, WALL + step, float(np.float32(loss))) for step, loss in enumerate(losses)]
    assert [step for step, _, _ in found["val/Genauigkeit \u00fc"]] == [99, 199, 299]


@pytest.mark.parametrize("step", [0, 1, 127, 128, 16383, 16384, 2**31, 2**41 + 5])
def test_steps_of_any_size(tmp_path: Path, step: int) -> None:
    writer = EventWriter(tmp_path, tmp_path / "none")
    writer.add(step, WALL, {"x": 1.5})
    writer.flush()
    assert scalars(tmp_path)["x"] == [(step, WALL, 1.5)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e39, -1e300, 1e-50])
def test_what_a_float32_cannot_hold_becomes_what_it_is_nearest_to(tmp_path: Path, value: float) -> None:
    writer = EventWriter(tmp_path, tmp_path / "none")
    writer.add(3, WALL, {"x": value, "y": 2.0})
    writer.flush()
    with np.errstate(over="ignore"):
        wanted = float(np.float32(value))
    assert np.array_equal([scalars(tmp_path)["x"][0][2]], [wanted], equal_nan=True)
    assert scalars(tmp_path)["y"] == [(3, WALL, 2.0)]


def test_a_resumed_run_replaces_what_came_after(tmp_path: Path) -> None:
    board, past = tmp_path / "board", tmp_path / "series"
    first = EventWriter(board, past)
    for step in range(1, 11):
        first.add(step, WALL + step, {"x": float(step)})
    first.flush()
    second = EventWriter(board, past)
    second.resumed(6)
    for step in range(7, 13):
        second.add(step, WALL + 100 + step, {"x": -float(step)})
    second.flush()
    found = scalars(board)["x"]
    assert [value for _, _, value in found] == [1, 2, 3, 4, 5, 6, -7, -8, -9, -10, -11, -12]
    assert len(list(board.iterdir())) == 2


def test_the_first_file_tells_the_past_of_a_fork(tmp_path: Path) -> None:
    past = SeriesWriter(tmp_path)
    for step in range(5):
        past.add(step, WALL + step, {"train/loss": step / 2})
    past.flush()
    writer = EventWriter(tmp_path / "board", tmp_path)
    writer.resumed(4)
    writer.add(5, WALL + 5, {"train/loss": 2.5})
    writer.flush()
    assert scalars(tmp_path / "board")["train/loss"] == [(step, WALL + step, step / 2) for step in range(6)]


def test_a_torn_last_record_loses_that_one_alone(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, tmp_path / "none")
    for step in range(4):
        writer.add(step, WALL, {"x": 1.0})
    writer.flush()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert [step for step, _, _ in scalars(tmp_path)["x"]] == [0, 1, 2]


def test_nothing_is_written_where_there_is_nothing_to_tell(tmp_path: Path) -> None:
    EventWriter(tmp_path / "board", tmp_path).flush()
    assert not (tmp_path / "board").exists()
    assert len(framed(b"")) == 16


def test_a_worker_writes_every_point_of_every_curve_also_after_it_was_resumed(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, Job(new_id(), "model", "train_model", "net", {}))
    for begin, end in ((1, 121), (81, 151)):
        series.cut(folder.series, begin - 1)
        with Recorder(folder) as recorder:
            if begin > 1:
                recorder.write({"kind": "resumed", "step": begin - 1, "epoch": 0.0})
            for step in range(begin, end):
                recorder.write({"kind": "points", "step": step, "values": {"train/loss": 1 / step, "lr": float(begin)}})
    found = scalars(folder.tensorboard)
    for curve in ("train/loss", "lr"):
        points = series.read(folder.series, curve)
        values = points["value"].astype(np.float32).astype(float)
        told = list(zip(points["step"].tolist(), points["wall"].tolist(), values.tolist(), strict=True))
        assert found[curve] == told
    assert len(found["lr"]) == 150
