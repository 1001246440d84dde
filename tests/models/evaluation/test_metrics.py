"""Every figure of a report equals scikit-learn's on random results, also with ties, empty classes and few images."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.evaluation.calibration import reliability
from models.evaluation.compare import compare, in_words, mcnemar
from models.evaluation.confusion import confusion_matrix, most_confused, per_class
from models.evaluation.curves import curve
from models.evaluation.intervals import wilson
from models.evaluation.order import by_errors, clustered
from models.evaluation.records import NONE, RESULT
from models.evaluation.slices import Texts, as_property, by_value, slices


def drawn(seed: int, count: int, classes: int, ties: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and probabilities that know something of them; coarse ones where ``ties``."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, classes, count)
    logits = chance.normal(size=(count, classes)) + 1.5 * np.eye(classes)[labels]
    scores = np.exp(np.round(logits) if ties else logits)
    return labels, (scores / scores.sum(1, keepdims=True)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 300), st.integers(2, 12), st.booleans())
def test_figures_equal_scikit_learn(seed: int, count: int, classes: int, ties: bool) -> None:
    labels, scores = drawn(seed, count, classes, ties)
    predicted = scores.argmax(1)
    matrix = confusion_matrix(labels, predicted, classes)
    assert (matrix == theirs.confusion_matrix(labels, predicted, labels=range(classes))).all()
    figures = per_class(matrix)
    precision, recall, f1, support = theirs.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=np.nan
    )
    assert (figures.support == support).all()
    for ours, their in ((figures.precision, precision), (figures.recall, recall), (figures.f1, f1)):
        assert np.allclose(ours, their, atol=1e-12, equal_nan=True)
    for number in range(classes):
        own = labels == number
        found = curve(scores[:, number], own)
        if own.any():
            assert found.average_precision() == pytest.approx(
                theirs.average_precision_score(own, scores[:, number]), abs=1e-9
            )
        if own.any() and not own.all():
            assert found.auc() == pytest.approx(theirs.roc_auc_score(own, scores[:, number]), abs=1e-9)
            false, true, thresholds = theirs.roc_curve(own, scores[:, number], drop_intermediate=False)
            assert np.allclose(false[1:], found.alarms / found.negatives)
            assert np.allclose(true[1:], found.hits / found.positives)
            assert np.allclose(thresholds[1:], found.thresholds)


def test_a_thin_curve_keeps_its_ends_and_hugs_the_whole_one() -> None:
    labels, scores = drawn(3, 20000, 4, False)
    whole = curve(scores[:, 1], labels == 1)
    thin = whole.thin()
    assert len(thin.hits) < 320
    assert (thin.hits[[0, -1]] == whole.hits[[0, -1]]).all()
    assert thin.auc() == pytest.approx(whole.auc(), abs=1e-3)
    for level in (0.1, 0.5, 0.9):  # at every level that a slider may stand on, the counts are true ones
        place = np.searchsorted(-thin.thresholds, -np.float32(level), side="right") - 1
        exact = int(((scores[:, 1] >= thin.thresholds[place]) & (labels == 1)).sum())
        assert thin.hits[place] == exact
        assert abs(thin.thresholds[place] - level) < 0.01


def test_wilson_interval_of_the_literature() -> None:
    """Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert np.allclose(low, [0.2553, 0.0624, 0.0, 0.0061], atol=5e-5)
    assert np.allclose(high, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)
    assert np.isnan(wilson(0, 0)[0])


def test_calibration_error_by_hand_and_at_the_edges() -> None:
    confidence = np.array([0.05, 0.95, 0.9, 1.0], np.float32)
    found = reliability(confidence, np.array([False, True, True, False]), bins=10)
    assert found.counts.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    expected = (abs(0 - 0.05) + abs(1 - 0.9) + 2 * abs(0.5 - 0.975)) / 4
    assert found.error() == pytest.approx(expected, abs=1e-6)
    assert np.isnan(reliability(np.empty(0), np.empty(0, bool)).error())


def test_calibration_error_equals_a_plain_loop() -> None:
    labels, scores = drawn(7, 5000, 5, False)
    confidence, right = scores.max(1), scores.argmax(1) == labels
    total = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            total += inside.sum() * abs(right[inside].mean() - confidence[inside].astype(float).mean())
    assert reliability(confidence, right).error() == pytest.approx(total / 5000, abs=1e-9)


def test_empty_rows_say_nothing_rather_than_zero() -> None:
    figures = per_class(confusion_matrix(np.array([0, 0, NONE]), np.array([0, 2, 1]), 3))
    assert figures.recall[0] == 0.5
    assert np.isnan(figures.recall[1])
    assert np.isnan(figures.precision[1])
    assert figures.precision[2] == 0


def test_orders_hold_every_class_and_put_look_alikes_together() -> None:
    matrix = np.diag([50] * 6)
    matrix[0, 5], matrix[5, 0], matrix[2, 3] = 20, 15, 10
    assert by_errors(matrix)[:2].tolist() == [0, 5]
    order = clustered(matrix).tolist()
    assert sorted(order) == list(range(6))
    assert abs(order.index(0) - order.index(5)) == 1
    assert abs(order.index(2) - order.index(3)) == 1
    assert most_confused(matrix)[0] == {"label": 0, "predicted": 5, "count": 20, "share": 20 / 70}


def test_slices_part_no_equal_values_and_lose_no_image() -> None:
    values = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5, 6.0])
    right = values > 2
    groups = slices(values, right)
    assert sum(group["count"] for group in groups) == 10
    assert groups[0] == {**groups[0], "low": 0.0, "high": 0.0, "count": 4, "accuracy": 0.0}
    assert all(before["high"] < after["low"] for before, after in pairwise(groups))
    assert slices(np.empty(0), np.empty(0, bool)) == []


def test_slices_by_what_a_table_says_numbers_words_and_remarks() -> None:
    right = np.array([True, False, True, True, False, True, True])
    camera = as_property(["nikon", "canon", "nikon", "", "canon ", "nikon", "leica"])
    assert isinstance(camera, Texts)
    found = by_value(camera, right)
    assert [(group["value"], group["count"], group["right"]) for group in found] == [
        ("nikon", 3, 3),
        ("canon", 2, 0),
        ("leica", 1, 1),
    ]
    years = as_property(["2001", "2002", "2003", "", "2005", "2006", "1e3"])
    assert not isinstance(years, Texts)
    assert sum(group["count"] for group in slices(years, right)) == 6, "an image without a year is in no group"
    assert as_property([f"remark {number}" for number in range(100)]) is None
    assert as_property(["same"] * 9) is None
    assert isinstance(as_property(["0", "1", "1", "0"]), Texts), "two numbers are as good as words"
    assert isinstance(as_property([*map(str, range(9)), "nan"]), Texts)


def results(labels: list[int], predicted: list[int]) -> NDArray[Any]:
    records = np.zeros(len(labels), RESULT)
    records["label"], records["predicted"] = labels, predicted
    return records


def test_two_models_compared_image_by_image() -> None:
    before, now = (
        results([0, 0, 1, 1, 2, NONE, 2], [0, 1, 0, 1, 0, 1, 0]),
        results([0, 0, 1, 1, 2, NONE, 2], [1, 0, 1, 1, 1, 2, NONE]),
    )
    found = compare(before, now)
    assert found.fixed.nonzero()[0].tolist() == [1, 2]
    assert found.broken.nonzero()[0].tolist() == [0]
    assert found.flipped.nonzero()[0].tolist() == [4]
    assert (found.labelled, found.right) == (5, (2, 3))
    with pytest.raises(ValueError, match="different images"):
        compare(before, now[:3])


def test_mcnemar_equals_the_exact_binomial_and_the_textbook() -> None:
    from scipy.stats import binomtest, chi2

    for fixed, broken in ((0, 0), (3, 9), (25, 5), (400, 500)):
        expected = binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
        assert mcnemar(fixed, broken) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(700, 600) == pytest.approx(chi2.sf(99**2 / 1300, 1), rel=1e-9)


def test_the_sentence_says_who_is_better_or_that_it_may_be_chance() -> None:
    strong = compare(results([0] * 40, [1] * 30 + [0] * 10), results([0] * 40, [0] * 38 + [1] * 2))
    assert in_words(strong, "A", "B").startswith("B is better than A")
    weak = compare(results([0] * 4, [1, 0, 1, 0]), results([0] * 4, [0, 1, 0, 0]))
    assert "chance alone could" in in_words(weak, "A", "B")
    even = compare(results([0, 0], [1, 0]), results([0, 0], [0, 1]))
    assert "equally often" in in_words(even, "A", "B")
