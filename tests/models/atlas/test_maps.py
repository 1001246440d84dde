"""Maps of images by a layer: principal components as NumPy finds them, the same basis at other checkpoints."""

from __future__ import annotations

import numpy as np
import pytest

from models.atlas.maps import basis, by_neighbours
from models.atlas.through import Moment, spread


def test_places_are_the_first_two_principal_components() -> None:
    random = np.random.default_rng(0)
    rows = (random.normal(size=(200, 6)) * [9, 4, 1, 1, 0.5, 0.1] + 3).astype(np.float16)
    found = basis(rows)
    values = rows.astype(np.float64) - rows.astype(np.float64).mean(0)
    _, lengths, axes = np.linalg.svd(values, full_matrices=False)
    expected = values @ axes[:2].T
    expected /= np.abs(expected).max()
    places = found.places(rows)
    for column in range(2):
        sign = np.sign((places[:, column] * expected[:, column]).sum())
        assert np.allclose(places[:, column], sign * expected[:, column], atol=1e-3)
    assert found.explained == pytest.approx((lengths**2 / (lengths**2).sum())[:2], rel=1e-3)
    assert np.abs(places).max() == pytest.approx(1, abs=1e-5)
    assert (basis(rows).axes == found.axes).all(), "the same rows, the same map"


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.ones((1, 3)), np.full((7, 3), 2.0), np.arange(5.0)[:, None]])
def test_a_map_of_hardly_anything(rows: np.ndarray) -> None:
    places = basis(rows.astype(np.float16)).places(rows)
    assert places.shape == (len(rows), 2)
    assert np.isfinite(places).all()


def test_neighbours_keep_two_groups_apart() -> None:
    pytest.importorskip("openTSNE")
    random = np.random.default_rng(0)
    rows = np.concatenate([random.normal(size=(30, 40)), random.normal(size=(30, 40)) + 8]).astype(np.float16)
    places = by_neighbours(rows)
    assert places is not None
    first, second = places[:30], places[30:]
    assert np.linalg.norm(first.mean(0) - second.mean(0)) > 2 * max(first.std(0).max(), second.std(0).max())
    assert by_neighbours(rows[:5]) is None


def test_checkpoints_are_spread_evenly_up_to_that_of_the_atlas() -> None:
    moments = [Moment(f"epoch-{number}", number * 10, number) for number in range(1, 21)]
    assert [moment.step for moment in spread(moments, 4, "epoch-10")] == [10, 40, 70, 100]
    assert spread(moments, 50, "epoch-3") == moments[:3]
