"""The running top N of each class equals a stable sort of everything, also with ties and fewer images than N."""

from __future__ import annotations

import numpy as np
import pytest

from app.api.digits_top_n import largest


@pytest.mark.parametrize("count", [1, 5, 60])
def test_largest_equals_a_stable_sort(count: int) -> None:
    scores = np.random.default_rng(0).integers(0, 6, (40, 3)) / 6
    answers = [
        (f"{number}.png", [{"index": index, "probability": float(score)} for index, score in enumerate(row)])
        for number, row in enumerate(scores)
    ]
    found = largest(iter(answers), 3, count)
    for index in range(3):
        order = np.argsort(-scores[:, index], kind="stable")[:count]
        assert [path for _, _, path in found[index]] == [f"{number}.png" for number in order]
