"""Curve files: every point kept, torn files healed, thinning loses no spike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jobs import series
from jobs.series import POINT, SeriesWriter, count, curves, path_of, read, thin, window

any_float = st.floats(allow_nan=True, allow_infinity=True)


def points(values: np.ndarray) -> np.ndarray:
    made = np.zeros(len(values), POINT)
    made["step"], made["value"] = np.arange(len(values)), values
    return made


def write(root: Path, steps: range, curve: str = "train/loss") -> None:
    writer = SeriesWriter(root)
    for step in steps:
        writer.add(step, float(step), {curve: step / 2})
    writer.flush()


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), any_float, any_float), max_size=30))
@settings(deadline=None)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, given_points: list) -> None:
    root = tmp_path_factory.mktemp("series")
    writer = SeriesWriter(root)
    for step, wall, value in given_points:
        writer.add(step, wall, {"x": value})
    writer.flush()
    assert read(root, "x").tobytes() == np.array(given_points, POINT).tobytes()


@pytest.mark.parametrize("curve", ["train/loss", "gpu/0/load", "../../etc/passwd", "a%2Fb", "Größe", ".", "x" * 100])
def test_any_name_is_one_file_of_the_folder(tmp_path: Path, curve: str) -> None:
    write(tmp_path, range(3), curve)
    assert curves(tmp_path) == [curve]
    assert path_of(tmp_path, curve).resolve().parent == tmp_path.resolve()
    assert count(tmp_path, curve) == 3


def test_an_unknown_curve_is_empty(tmp_path: Path) -> None:
    assert count(tmp_path, "x") == 0
    assert len(read(tmp_path, "x")) == 0


@given(st.integers(0, 10), st.integers(1, POINT.itemsize - 1))
@settings(deadline=None)
def test_a_torn_point_is_not_read_and_is_cut_off_by_the_next_writer(
    tmp_path_factory: pytest.TempPathFactory, whole: int, torn: int
) -> None:
    root = tmp_path_factory.mktemp("torn")
    write(root, range(whole))
    with path_of(root, "train/loss").open("ab") as file:
        file.write(b"\xff" * torn)
    assert read(root, "train/loss")["step"].tolist() == list(range(whole))
    write(root, range(whole, whole + 2))
    assert read(root, "train/loss")["step"].tolist() == list(range(whole + 2))


def test_reading_a_part(tmp_path: Path) -> None:
    write(tmp_path, range(10))
    assert read(tmp_path, "train/loss", 4, 6)["step"].tolist() == [4, 5]
    assert read(tmp_path, "train/loss", 8)["step"].tolist() == [8, 9]


@pytest.mark.parametrize(
    ("first", "last", "steps"), [(None, None, [0, 1, 2, 3]), (1, 2, [1, 2]), (3, None, [3]), (None, 0, [0]), (7, 9, [])]
)
def test_a_window_holds_both_ends(first: int | None, last: int | None, steps: list[int]) -> None:
    assert window(points(np.zeros(4)), first, last)["step"].tolist() == steps


@given(arrays(np.float64, st.integers(0, 400), elements=any_float), st.integers(4, 60))
def test_thinning_keeps_extremes_order_and_ends(values: np.ndarray, width: int) -> None:
    whole = points(values)
    shown = thin(whole, width)
    assert len(shown) <= max(width, 4)
    assert np.all(np.diff(shown["step"]) > 0)
    if len(values):
        assert (shown["step"][0], shown["step"][-1]) == (0, len(values) - 1)
    numbers = values[~np.isnan(values)]
    if len(numbers):
        assert numbers.min() in shown["value"]
        assert numbers.max() in shown["value"]


def test_a_single_spike_among_a_million_survives() -> None:
    values = np.zeros(1_000_000)
    values[654_321] = 1.0
    shown = thin(points(values), 1000)
    assert len(shown) <= 1000
    assert 654_321 in shown["step"]


def test_few_points_are_left_as_they_are() -> None:
    whole = points(np.arange(5.0))
    assert thin(whole, 5) is whole


def exponential(steps: list[float], values: list[float], half: float) -> list[float]:
    """The formula, point by point."""
    result, total, weight, before = [], 0.0, 0.0, steps[0]
    for step, value in zip(steps, values, strict=True):
        fade = 2 ** (-(step - before) / half)
        total, weight, before = total * fade, weight * fade, step
        if np.isfinite(value):
            total, weight = total + value, weight + 1
            result.append(total / weight)
        else:
            result.append(float("nan"))
    return result


@pytest.mark.parametrize("amount", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("gaps", [False, True])
def test_smoothing_is_the_formula_at_any_density(amount: float, gaps: bool) -> None:
    chance = np.random.default_rng(0)
    steps = np.cumsum(chance.integers(1, 1000 if gaps else 2, 3000))
    values = chance.normal(size=3000)
    values[100:120] = np.nan
    points = np.zeros(3000, series.POINT)
    points["step"], points["value"] = steps, values
    half = 0.1 * amount**4 * (steps[-1] - steps[0])
    expected = exponential(steps.tolist(), values.tolist(), half)
    assert series.smooth(points, amount) == pytest.approx(expected, nan_ok=True, rel=1e-9, abs=1e-12)


def test_smoothing_by_nothing_and_of_few_points() -> None:
    points = np.zeros(3, series.POINT)
    points["step"], points["value"] = [1, 2, 3], [5, 6, 7]
    assert series.smooth(points, 0.0).tolist() == [5, 6, 7]
    assert series.smooth(points[:1], 0.9).tolist() == [5]
    assert len(series.smooth(points[:0], 0.9)) == 0


def test_curves_are_cut_and_copied(tmp_path: Path) -> None:
    writer = series.SeriesWriter(tmp_path / "a")
    for step in range(1, 11):
        writer.add(step, 0.0, {"train/loss": float(step)})
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    writer.flush()
    series.copy(tmp_path / "a", tmp_path / "b", 4)
    series.cut(tmp_path / "a", 7)
    assert series.read(tmp_path / "a", "train/loss")["step"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert series.read(tmp_path / "b", "train/loss")["value"].tolist() == [1, 2, 3, 4]
