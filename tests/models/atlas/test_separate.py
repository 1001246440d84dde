"""How well units separate two classes: d' by its definition, AUROC as scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.atlas.separate import dprime, separation


def test_auroc_equals_scikit_learns_with_ties_and_dprime_its_definition() -> None:
    random = np.random.default_rng(0)
    peaks = random.integers(0, 6, (60, 5)).astype(np.float16)
    labels = np.array([0, 1, 2] * 20)
    profile = np.stack([peaks[labels == cls].mean(0, dtype=np.float64) for cls in range(3)])
    deviation = np.stack([peaks[labels == cls].astype(np.float64).std(0) for cls in range(3)])
    found = separation({"profile": profile, "deviation": deviation}, peaks, labels, (2, 0))
    chosen = np.isin(labels, (0, 2))
    for unit in range(5):
        expected = roc_auc_score(labels[chosen] == 2, peaks[chosen, unit].astype(float))
        assert found.auroc[unit] == pytest.approx(expected, abs=1e-12)
        noise = np.sqrt((deviation[2, unit] ** 2 + deviation[0, unit] ** 2) / 2)
        assert found.dprime[unit] == pytest.approx((profile[2, unit] - profile[0, unit]) / noise)
    sizes = np.abs(found.dprime)[found.order()]
    assert (np.diff(sizes) <= 0).all()
    assert found.counts == (20, 20)


def test_units_that_say_nothing_and_classes_without_images() -> None:
    assert dprime(np.array([[1.0, 2.0], [1.0, 1.0]]), np.zeros((2, 2))).tolist() == [0.0, np.inf]
    figures = {"profile": np.zeros((2, 3)), "deviation": np.ones((2, 3))}
    found = separation(figures, np.ones((4, 3), np.float16), np.zeros(4, np.int32), (0, 1))
    assert np.isnan(found.auroc).all()
    assert found.counts == (4, 0)
