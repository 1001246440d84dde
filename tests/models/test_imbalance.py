"""Classes of different sizes: weights, and an order that shows all classes equally often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.augment_options import ImbalanceOptions
from models.imbalance import balanced_order, balanced_shares, class_weights, describe_balance

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any)


def test_weights() -> None:
    assert class_weights(ImbalanceOptions(), [3, 5]) is None
    inverse = class_weights(ImbalanceOptions(class_weights="inverse"), [10, 30, 0])
    assert inverse is not None
    assert inverse.tolist() == pytest.approx([2.0, 2 / 3, 0.0])
    gentle = class_weights(ImbalanceOptions(class_weights="effective", class_weights_beta=0.9), [10, 30])
    assert gentle is not None
    expected = np.array([0.1 / (1 - 0.9**10), 0.1 / (1 - 0.9**30)])
    assert gentle[0] / gentle[1] == pytest.approx(expected[0] / expected[1])
    alike = class_weights(ImbalanceOptions(class_weights="effective", class_weights_beta=0), [10, 30])
    assert alike is not None
    assert alike.tolist() == [1, 1]


@given(COUNTS, st.sampled_from(["inverse", "effective"]))
def test_the_mean_weight_of_an_image_is_one(counts: list[int], how: str) -> None:
    weights = class_weights(ImbalanceOptions(class_weights=how), counts)
    assert weights is not None
    assert float(np.dot(weights, counts)) == pytest.approx(sum(counts), rel=1e-4)


@given(COUNTS, st.integers(0, 9), st.integers(0, 5))
def test_every_class_is_shown_equally_often(counts: list[int], seed: int, epoch: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    order = balanced_order(labels, seed, epoch)
    assert len(order) == len(labels)
    shown = np.bincount(labels[order], minlength=len(counts))[np.array(counts) > 0]
    assert shown.max() - shown.min() <= 1
    assert (order == balanced_order(labels, seed, epoch)).all()


def test_images_of_a_large_class_take_turns() -> None:
    labels = np.array([0] * 60 + [1] * 4)
    seen = np.concatenate([balanced_order(labels, 3, epoch) for epoch in range(15)])
    large = np.bincount(seen, minlength=64)[:60]
    assert large.sum() == 15 * 32
    assert large.max() - large.min() <= 1
    small = np.bincount(seen, minlength=64)[60:]
    assert small.max() - small.min() <= 1
    assert (balanced_order(labels, 3, 0) != balanced_order(labels, 4, 0)).any()


def test_what_the_form_shows() -> None:
    options = ImbalanceOptions(sampler="balanced", class_weights="inverse")
    rows = describe_balance(options, ["a", "b", "c"], [10, 30, 0])
    assert [row["shown"] for row in rows] == [20, 20, 0]
    assert [row["weight"] for row in rows] == pytest.approx([2, 2 / 3, 0])
    assert [row["shown"] for row in describe_balance(ImbalanceOptions(), ["a", "b"], [10, 30])] == [10, 30]
    assert balanced_shares(7, 3) == [3, 2, 2]
