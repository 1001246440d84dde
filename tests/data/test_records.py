"""Any record read back equals what was written: whole splits of any images, in any order, under every encoding."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.codecs import decode, encode
from data.database import Split
from data.writer import SplitWriter

SHAPES = st.tuples(st.integers(1, 24), st.integers(1, 24), st.sampled_from([1, 3]))
PATHS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)


@pytest.mark.parametrize("encoding", ["png", "raw", "jpg"])
@given(SHAPES, st.lists(st.tuples(st.integers(0, 3), PATHS), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read(encoding: str, shape: tuple[int, int, int], rows: list, seed: int) -> None:  # type: ignore[type-arg]
    images = np.random.default_rng(seed).integers(0, 256, (len(rows), *shape), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        with SplitWriter(Path(folder) / "train", 4) as writer:
            for image, (label, path) in zip(images, rows, strict=True):
                writer.add(label, path, encode(image, encoding))
            info = writer.finish(0)
        split = Split(Path(folder) / "train", shape, encoding)
        order = np.random.default_rng(seed + 1).permutation(len(rows))
        expected = (
            np.stack([decode(encode(image, "jpg"), shape[2]) for image in images]) if encoding == "jpg" else images
        )
        assert (split.read(order) == expected[order]).all()
        assert [split.label(number) for number in order] == [rows[number][0] for number in order]
        assert split.paths(order.tolist()) == [rows[number][1] for number in order]
        assert [split.encoded(int(number)) for number in order] == [
            encode(images[number], encoding) for number in order
        ]
        assert list(info.counts) == [sum(label == cls for label, _ in rows) for cls in range(4)]
        found = [number for cls in range(4) for number in split.page(0, len(rows), cls)]
        assert sorted(found) == list(range(len(rows)))
