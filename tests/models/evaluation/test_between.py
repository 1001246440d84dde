"""Images in between two classes: by the scores, or by the likeliest classes where the scores were not kept."""

from __future__ import annotations

import numpy as np

from models.evaluation.between import between
from models.evaluation.records import NONE, RESULT, TOP

SCORES = np.array([[0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4], [0.0, 0.98, 0.02], [0.45, 0.45, 0.1]], np.float32)


def records() -> np.ndarray:
    found = np.zeros(len(SCORES), RESULT)
    found["top"] = NONE
    order = np.argsort(-SCORES, 1, kind="stable")
    found["top"][:, :3] = order
    found["probability"][:, :3] = np.take_along_axis(SCORES, order, 1)
    assert found["top"].shape[1] == TOP
    return found


def test_the_most_undecided_come_first_and_a_third_class_keeps_an_image_out() -> None:
    numbers, shares = between(records(), SCORES, (0, 1))
    assert numbers.tolist() == [2, 4, 0, 3]
    assert np.allclose(shares, [0.5, 0.5, 5 / 9, 0], atol=1e-6)


def test_the_likeliest_classes_do_where_no_scores_were_kept() -> None:
    numbers, shares = between(records(), None, (1, 0))
    assert numbers.tolist() == [2, 4, 0, 3]
    assert np.allclose(shares, [0.5, 0.5, 4 / 9, 1], atol=1e-6)
