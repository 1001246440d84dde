"""The diary on disk: written and read, rows of the history that are lost, cut back, bounded; galleries and the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import UserError
from models.diary import files
from models.diary.files import Diary, History, read, spacing, write
from models.diary.statistics import ROW, Statistics
from models.diary.views import VIEWS, sample, select, suspicious, totals

ABOUT: dict[str, Any] = {"dataset": "d", "records": 6, "step": 1, "epoch": 5.0, "since": 0, "every": 1, "mixed": False}


def made(folder: Path, **columns: list[float]) -> Diary:
    """A diary of six images with some columns given."""
    statistics = Statistics(6)
    for name, values in columns.items():
        statistics.table[ROW[name]] = values
    folder.mkdir(exist_ok=True)
    write(folder, statistics.table, ABOUT)
    diary = read(folder)
    assert diary is not None
    return diary


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read(tmp_path / "diary") is None
    diary = made(tmp_path / "diary", seen=[4] * 6, squares=[1, 0, 0, 0, 0, 0])
    assert diary.column("variability").tolist() == [0.5, 0, 0, 0, 0, 0]
    assert diary.about["columns"][0] == "seen"


@pytest.mark.parametrize("damage", ["{", '{"format": 9, "records": 6}', '{"format": 1, "records": 7}', "[]"])
def test_a_damaged_diary_is_told(tmp_path: Path, damage: str) -> None:
    made(tmp_path)
    (tmp_path / "diary.json").write_text(damage)
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path)


def noted(history: History, epoch: int, losses: list[float]) -> None:
    values = np.asarray(losses, np.float32)
    keep = np.flatnonzero(~np.isnan(values))
    history.note(keep, np.abs(values[keep]), ~np.signbit(values[keep]), epoch)


def test_history_of_right_wrong_and_unseen_also_of_a_loss_of_zero(tmp_path: Path) -> None:
    diary = made(tmp_path)
    history = History(tmp_path / "history.f16", 6, 1)
    noted(history, 0, [1, -2, np.nan, 0.0, -0.0, 1e9])
    history.turn(0)
    noted(history, 1, [np.nan] * 5 + [3])
    history.write()
    epochs, losses = diary.history(np.arange(6))
    assert epochs == [1, 2]
    assert losses[0].tolist()[:2] == [1, -2]
    assert np.isnan(losses[0, 2])
    assert np.signbit(losses[0]).tolist()[3:] == [False, True, False]
    assert losses[0, 5] == pytest.approx(files.LARGEST_LOSS, rel=1e-3)
    assert losses[1, 5] == 3


def test_history_is_cut_back_and_lost_rows_are_rows_of_unseen_images(tmp_path: Path) -> None:
    diary, path = made(tmp_path), tmp_path / "history.f16"
    history = History(path, 6, 1)
    for epoch in range(4):
        noted(history, epoch, [epoch + 1] * 6)
        history.turn(epoch)
    history.back(np.full(6, 9, np.float16), 2)
    history.write()
    assert diary.history(np.arange(6))[1][:, 0].tolist() == [1, 2, 9]
    path.unlink()
    history.write()
    losses = diary.history(np.arange(6))[1]
    assert np.isnan(losses[:2]).all()
    assert losses[2, 0] == 9


def test_the_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spacing(60_000, 30) == 1
    assert 4 <= spacing(1_300_000, 90) <= 5
    assert spacing(10**9, 90) == 90
    monkeypatch.setattr(files, "HISTORY_BYTES", 2 * 6 * 3)  # three rows
    every = spacing(6, 7)
    history = History(tmp_path / "history.f16", 6, every)
    for epoch in range(30):  # somebody let it train on
        noted(history, epoch, [epoch] * 6)
        history.turn(epoch)
    assert (tmp_path / "history.f16").stat().st_size <= files.HISTORY_BYTES


# -- galleries ---------------------------------------------------------------------------------------------------

FIGURES: dict[str, list[float]] = {
    #        easy  hard  wrong label  torn  forgotten  unseen
    "seen": [10, 10, 10, 10, 10, 0],
    "right": [10, 4, 0, 3, 6, 0],
    "learnt": [1, 4, 0, 2, 3, 0],
    "forgotten": [0, 1, 0, 2, 4, 0],
    "confidence": [0.99, 0.4, 0.02, 0.3, 0.5, 0],
    "squares": [0, 0.5, 0.1, 0.4, 2.0, 0],
    "margin": [5, 0.2, -6, -1, 0.1, 0],
    "rival": [0, 1, 2, 1, 2, 0],
    "votes": [0, 2, 10, 1, 2, 0],
}


def test_galleries_show_what_they_say(tmp_path: Path) -> None:
    diary = made(tmp_path, **FIGURES)
    assert {name: select(diary, name).tolist() for name in VIEWS} == {
        "suspicious": [2],  # 3 was taken for now this, now that class
        "ambiguous": [4, 1, 3, 2, 0],
        "forgotten": [4, 3, 1],
        "never": [2],
        "easy": [0],
        "all": [2, 3, 4, 1, 0],
    }
    assert totals(diary)["all"] == 5
    assert select(diary, "all", np.array([0, 2, 5])).tolist() == [2, 0]
    assert select(diary, "all", sort="-confidence").tolist() == [0, 4, 1, 3, 2]
    with pytest.raises(KeyError):
        select(diary, "all", sort="__class__")


def test_nobody_is_suspected_before_the_third_time(tmp_path: Path) -> None:
    few = {**FIGURES, "seen": [2] * 6, "right": [0] * 6, "votes": [2] * 6, "margin": [-5] * 6}
    assert not suspicious(made(tmp_path, **few)).any()


def test_the_map_has_every_suspicious_image_and_no_more_than_it_may(tmp_path: Path) -> None:
    diary = made(tmp_path, **FIGURES)
    assert sample(diary, 10).tolist() == [0, 1, 2, 3, 4]
    for most in (2, 3, 4):
        found = sample(diary, most)
        assert len(found) == most
        assert 2 in found
