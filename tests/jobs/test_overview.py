"""Long curves at a glance: the same extremes as looking at every point, also after growing, cutting and NaN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs import overview, series
from jobs.overview import BLOCK, Overviews, glance

LONG = 40 * BLOCK
TOTAL = LONG + 3 * BLOCK + 77


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are used of curves that a test can make in no time."""
    monkeypatch.setattr(overview, "LONG", LONG)


def write(root: Path, values: np.ndarray, first: int = 1, wall: float = 0.0) -> series.Points:
    """Append points of steps ``first``, ``first + 1`` ..."""
    made = np.zeros(len(values), series.POINT)
    made["step"] = np.arange(first, first + len(values))
    made["wall"] = wall + made["step"]
    made["value"] = values
    with series.path_of(root, "train/loss").open("ab") as file:
        file.write(made.tobytes())
    return series.read(root, "train/loss")


def noise(count: int, seed: int = 0) -> np.ndarray:
    """Values from 0 to 1."""
    return np.random.default_rng(seed).random(count)


@pytest.mark.parametrize("window", [slice(None), slice(5, None), slice(BLOCK, LONG + BLOCK), slice(1000, TOTAL - 1)])
@pytest.mark.parametrize("spike", [2.0, -2.0])
def test_a_single_spike_is_found_wherever_it_is(tmp_path: Path, window: slice, spike: float) -> None:
    places = range(window.start or 0, window.stop or TOTAL)
    for at in (places[0], places[1], places[BLOCK + 5], places[len(places) // 2], places[-2], places[-1]):
        values = noise(TOTAL)
        values[at] = spike
        series.path_of(tmp_path, "train/loss").unlink(missing_ok=True)
        points = write(tmp_path, values, wall=at)
        shown, same = glance(tmp_path, "train/loss", window, 400)
        assert spike in shown["value"], at
        assert len(shown) <= 410
        assert (shown["step"][0], shown["step"][-1]) == (points["step"][places[0]], points["step"][places[-1]])
        assert (np.diff(shown["step"]) > 0).all()
        assert np.array_equal(same, shown["value"])


def test_what_is_no_number_is_passed_over_and_a_stretch_of_it_keeps_a_point(tmp_path: Path) -> None:
    values = noise(TOTAL)
    values[::3] = np.nan
    values[4 * BLOCK : 20 * BLOCK] = np.nan
    values[7], values[LONG] = np.inf, -np.inf
    write(tmp_path, values)
    shown, smoothed = glance(tmp_path, "train/loss", width=1000, smooth=0.6)
    assert {np.inf, -np.inf} <= set(shown["value"])
    assert np.nanmax(shown["value"][np.isfinite(shown["value"])]) == np.nanmax(values[np.isfinite(values)])
    assert np.isnan(shown["value"]).any()
    finite = smoothed[np.isfinite(smoothed)]
    assert len(finite)
    assert 0.3 < finite.min() < finite.max() < 0.7


def test_blocks_follow_a_file_that_grows_and_notice_one_that_was_cut(tmp_path: Path) -> None:
    path, known = series.path_of(tmp_path, "train/loss"), Overviews()
    points = write(tmp_path, noise(3 * BLOCK + 9))
    assert known.get(path, points).size == 3
    points = write(tmp_path, noise(2 * BLOCK, 1), first=3 * BLOCK + 10)
    grown = known.get(path, points).copy()
    assert np.array_equal(grown, Overviews().get(path, points))
    assert grown.size == 5
    series.cut(tmp_path, 2 * BLOCK + 5)  # a training that goes on from an earlier checkpoint
    points = write(tmp_path, noise(4 * BLOCK, 2), first=2 * BLOCK + 6, wall=1e6)
    assert np.array_equal(known.get(path, points), Overviews().get(path, points))
    series.cut(tmp_path, 10)
    assert known.get(path, series.read(tmp_path, "train/loss")).size == 0


@pytest.mark.parametrize("blocks", [True, False])
def test_smoothing_by_blocks_is_smoothing_by_every_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: bool
) -> None:
    if not blocks:
        monkeypatch.setattr(overview, "LONG", 10**9)
    count = (1500 if blocks else 80) * BLOCK
    walk = np.cumsum(noise(count) - 0.5)
    points = write(tmp_path, walk)
    shown, smoothed = glance(tmp_path, "train/loss", width=300, smooth=0.6)
    exact = series.smooth(points, 0.6)[np.searchsorted(points["step"], shown["step"])]
    assert np.abs(smoothed - exact)[10:].max() < 0.02 * (walk.max() - walk.min())


def test_a_short_curve_is_looked_at_whole(tmp_path: Path) -> None:
    points = write(tmp_path, noise(500))
    shown, smoothed = glance(tmp_path, "train/loss", slice(100, 200), 1000, 0.5)
    assert np.array_equal(shown, points[100:200])
    assert np.array_equal(smoothed, series.smooth(points[100:200], 0.5))
    assert len(glance(tmp_path, "none")[0]) == 0
