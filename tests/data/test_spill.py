"""Byte strings and columns that live on disk: what was put in comes out, and memory does not grow with it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import spill
from data.columns_file import ColumnsFile
from data.lines import Lines, LinesWriter
from data.spill import Spill


@given(st.lists(st.lists(st.binary(max_size=9), max_size=5), max_size=20))
def test_what_was_added_comes_back_from_memory_and_disk(pieces) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "HELD", 16)
        patch.setattr(spill, "_BLOCK", 3)
        kept = Spill()
        for piece in pieces:
            kept.extend(piece)
        assert [kept[number] for number in range(len(kept))] == [item for piece in pieces for item in piece]


def test_a_long_list_takes_four_bytes_an_item() -> None:
    tracemalloc.start()
    kept = Spill()
    for number in range(200_000):
        kept.extend((b"%040d" % number,))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size - spill.HELD < 5 * len(kept)
    assert kept[123_456] == b"%040d" % 123_456


@pytest.mark.parametrize("rows", [0, 1, 70_000, 300_000])
def test_columns_are_as_numpy_would_write_them(tmp_path: Path, rows: int) -> None:
    table = np.random.default_rng(0).integers(0, 1 << 40, (rows, 3)).astype(np.uint64)
    with ColumnsFile(tmp_path / "raw", np.uint64, 3) as column:
        for begin in range(0, rows, 1000):
            column.add(table[begin : begin + 1000])
        column.save(tmp_path / "ours.npy", 1, np.uint32)
    np.save(tmp_path / "numpy.npy", table[:, 1].astype(np.uint32))
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    assert not (tmp_path / "raw").exists()


def test_lines_without_saving_leave_no_index(tmp_path: Path) -> None:
    writer = LinesWriter(tmp_path, "a")
    writer.add("x\ny")
    writer.save()
    writer.close()
    assert Lines(tmp_path, "a").of([0]) == ["x\ny"]
    other = LinesWriter(tmp_path, "b")
    other.add("x")
    other.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.idx.npy", "a.txt", "b.txt"]
