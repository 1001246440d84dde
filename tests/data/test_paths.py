"""Paths in few bytes, names of any bytes, and reading files with the reason in words."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UserError
from data.files import read_file, shown
from data.paths import PathTable

NAME = st.binary(min_size=1, max_size=30).filter(lambda name: b"/" not in name and b"\0" not in name).map(os.fsdecode)


@given(st.lists(st.tuples(st.text("abc/", max_size=8), st.lists(NAME, max_size=5)), max_size=8))
def test_a_path_table_gives_back_what_it_took(folders) -> None:
    table, expected = PathTable(), []
    for folder, names in folders:
        assert table.add(folder, names) == len(names)
        expected += [f"{folder}/{name}" for name in names]
    assert len(table) == len(expected)
    assert [table[row] for row in range(len(table))] == expected


def test_a_path_costs_little_more_than_its_name() -> None:
    names = [f"{number:06d}.png" for number in range(100_000)]
    tracemalloc.start()
    table = PathTable()
    table.add("/a/folder/with/a/long/name", names)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / len(names) < 30  # 10 of them the name; a list of str would take about 100


def test_rows_outside_are_refused() -> None:
    table = PathTable()
    table.add("/a", ["b.png"])
    for row in (-1, 1):
        with pytest.raises(IndexError):
            table[row]


@given(NAME)
def test_a_shown_name_can_be_sent_as_utf8(name) -> None:
    assert shown(name).encode()
    if name.isprintable() and not any("\udc80" <= sign <= "\udcff" for sign in name):
        assert shown(name) == name


def test_bytes_that_are_no_utf8_are_escaped() -> None:
    assert shown(os.fsdecode(b"caf\xe9.png")) == "caf\\xe9.png"


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000])
def test_files_of_all_sizes_are_read_whole(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "x").write_bytes(content)
    assert read_file(tmp_path / "x") == content


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name, words in (("dangling", "not there"), ("circle", "circle"), (".", "folder"), ("x" * 300, "longer")):
        with pytest.raises(UserError, match=words):
            read_file(tmp_path / name)
