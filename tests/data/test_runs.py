"""COCO's run-length masks: what its own tools wrote is read, and outlines hold exactly the pixels of the mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.errors import UserError
from data.objects.runs import decode_runs, outlines

RING = np.array([[0, 0, 0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1, 1, 0], [0, 1, 1, 0, 0, 1, 1, 0],
                 [0, 1, 1, 0, 0, 1, 1, 0], [0, 1, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 0, 1]], bool)  # fmt: skip
WRITTEN = "74200M00000003004M"
"""RING as pycocotools 2.0.11 encodes it."""


def filled(rings: list[list[float]], shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose middle lies inside an odd number of the lines."""
    down, across = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    crossed = np.zeros(shape, int)
    for ring in rings:
        corners = np.array(ring).reshape(-1, 2)
        for (x, y), (to_x, to_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            assert (x == to_x) != (y == to_y)
            if x == to_x:
                crossed += ((down > min(y, to_y)) & (down < max(y, to_y)))[:, None] & (across > x)
    return crossed % 2 == 1


def runs_of(mask: np.ndarray) -> list[int]:
    """The uncompressed runs, down the columns, by the plainest way."""
    runs, now = [0], False
    for value in mask.T.reshape(-1).tolist():
        if value != now:
            runs.append(0)
            now = value
        runs[-1] += 1
    return runs


def test_what_coco_wrote_is_read() -> None:
    assert (decode_runs({"size": [6, 8], "counts": WRITTEN}) == RING).all()
    assert (decode_runs({"size": [6, 8], "counts": runs_of(RING)}) == RING).all()


def test_a_hole_and_a_corner() -> None:
    outer, holes = outlines(RING)
    assert sorted(outer) == [[1, 1, 7, 1, 7, 5, 1, 5], [7, 5, 8, 5, 8, 6, 7, 6]]
    assert holes == [[5, 2, 3, 2, 3, 4, 5, 4]]


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
@settings(max_examples=150, deadline=None)
def test_outlines_hold_exactly_the_pixels_of_the_mask(mask) -> None:
    said = {"size": list(mask.shape), "counts": runs_of(mask)}
    assert (decode_runs(said) == mask).all()
    outer, holes = outlines(mask)
    assert (filled(outer + holes, mask.shape) == mask).all()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"size": [2, 2], "counts": [1]},
        {"size": [2, 2], "counts": [-1, 5]},
        {"size": [2, 2], "counts": [True, 3]},
        {"size": [2, 2], "counts": None},
        {"size": [2, 2], "counts": "o"},
        {"size": [2, 2], "counts": "ÿ"},
        {"size": [2, 2], "counts": "ooooooooooooo0"},
        {"size": [2, "2"], "counts": [4]},
        {"size": [1 << 20, 1 << 20], "counts": [1 << 40]},
        {"size": [-2, -2], "counts": [4]},
    ],
)
def test_what_is_no_mask_is_refused_in_words(said) -> None:
    with pytest.raises(UserError):
        decode_runs(said)
