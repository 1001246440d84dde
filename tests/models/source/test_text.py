"""Offsets and changes of text: what an editor is told must be what the source becomes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.source.text import Change, Source, apply_changes, inverse, minimal

ROOT = Path(__file__).parents[3]
TEXT = st.text(alphabet="ab\n\r\tä😀#", max_size=30)


@given(text=TEXT, cuts=st.lists(st.integers(0, 30), max_size=6), new=st.lists(TEXT, min_size=3, max_size=3))
def test_the_inverse_gives_the_first_text_back(text: str, cuts: list[int], new: list[str]) -> None:
    places = sorted(min(cut, len(text)) for cut in cuts)
    pairs = list(zip(places[::2], places[1::2], strict=False))
    changes = [Change(a, b, piece) for (a, b), piece in zip(pairs, new, strict=False)]
    after = apply_changes(text, changes)
    assert apply_changes(after, inverse(text, changes)) == text


@given(text=TEXT, start=st.integers(0, 30), length=st.integers(0, 30), new=TEXT)
def test_a_minimal_change_does_the_same_with_less(text: str, start: int, length: int, new: str) -> None:
    start = min(start, len(text))
    change = Change(start, min(start + length, len(text)), new)
    least = minimal(text, change)
    assert apply_changes(text, [least]) == apply_changes(text, [change])
    assert len(least.text) <= len(new)
    old = text[least.start : least.end]
    assert not (old and least.text) or (old[0] != least.text[0] and old[-1] != least.text[-1])


def test_overlapping_changes_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        apply_changes("abcdef", [Change(0, 3, "x"), Change(2, 4, "y")])
    with pytest.raises(ValueError, match="leaves the text"):
        apply_changes("abc", [Change(2, 9, "")])


@given(text=TEXT)
def test_places_and_utf16_offsets(text: str) -> None:
    source = Source(text)
    for offset in range(len(text) + 1):
        line, column = source.place(offset)
        assert source.starts[line - 1] + column == offset
        assert source.utf16(offset) == len(text[:offset].encode("utf-16-le")) // 2


def test_the_static_part_is_free_of_torch() -> None:
    modules = [
        "parse",
        "edit",
        "edits",
        "fold",
        "diff",
        "palette",
        "channels",
        "facts",
        "graph",
        "text",
        "requests",
        "shapes",
    ]
    code = (
        f"import sys\nfor name in {modules!r}:\n    __import__('models.source.' + name)\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
