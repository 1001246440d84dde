"""The running top N equals a brute-force stable sort: uneven batches, ties, more places than images, NaN, -0.0."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.atlas.running import Largest, keys_of


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 12), st.booleans())
def test_top_n_equals_a_stable_sort(seed: int, images: int, count: int, ties: bool) -> None:
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(images, 5)).astype(np.float32)
    values = np.round(values) if ties else values
    running = Largest(5, count, torch.device("cpu"))
    at = 0
    while at < images:
        step = int(chance.integers(1, 9))
        running.add(torch.from_numpy(values[at : at + step]), at)
        at += step
    order = np.argsort(-values, 0, kind="stable")[:count].T
    assert running.numbers[:, : order.shape[1]].tolist() == order.tolist()
    assert (running.numbers[:, order.shape[1] :] == -1).all()
    assert running.values[:, : order.shape[1]].tolist() == np.take_along_axis(values.T, order, 1).tolist()
    assert running.values[:, order.shape[1] :].isnan().all()


def test_places_are_those_of_the_largest_value_of_each_map() -> None:
    maps = torch.randn(40, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    running = Largest(3, 6, torch.device("cpu"))
    for first in range(0, 40, 7):
        part = maps[first : first + 7]
        running.add(part.amax((2, 3)), first, part)
    for unit in range(3):
        for number, place, value in zip(running.numbers[unit], running.places[unit], running.values[unit], strict=True):
            assert maps[number, unit].flatten()[place] == value == maps[number, unit].max()


def test_values_that_are_no_numbers_are_left_out_and_zeros_are_equal() -> None:
    running = Largest(1, 3, torch.device("cpu"))
    running.add(torch.tensor([[torch.nan], [-0.0], [0.0], [torch.nan]]), 0)
    assert running.numbers.tolist() == [[1, 2, -1]]


@pytest.mark.parametrize("values", [[-torch.inf, -3.5, -1e-40, 0.0, 1e-40, 2.0, torch.inf]])
def test_keys_sort_as_the_values_do(values: list[float]) -> None:
    keys = keys_of(torch.tensor(values), torch.zeros(len(values), dtype=torch.int64))
    assert keys.tolist() == sorted(keys.tolist())
