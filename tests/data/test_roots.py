"""Paths outside the allowed roots are refused, whatever way they take."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import UserError
from data.roots import inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images/cats").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    return tmp_path / "images"


def test_inside_is_given_back_with_its_links_resolved(root: Path) -> None:
    (root / "link").symlink_to(root / "cats")
    assert inside(root / "cats", [root]) == root / "cats"
    assert inside(root / "link", [root]) == root / "cats"
    assert inside(root / "cats/../cats/./", [root]) == root / "cats"
    assert inside(root, [root]) == root
    assert inside(root / "not there yet", [root]) == root / "not there yet"


def test_a_root_that_is_a_link_is_that_folder(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    assert inside(root / "cats", [root.parent / "alias"]) == root / "cats"
    assert inside(root.parent / "alias/cats", [root]) == root / "cats"


@pytest.mark.parametrize(
    "path", ["../secret", "cats/../../secret", "out", "../images-2/x", "out/deep/er", "../nowhere"]
)
def test_outside_is_refused_with_the_same_words_whether_it_exists_or_not(root: Path, path: str) -> None:
    (root / "out").symlink_to(root.parent / "secret")
    with pytest.raises(UserError, match="outside the folders that may be read") as caught:
        inside(root / path, [root], "folder")
    assert caught.value.field == "folder"
    assert str(root) in (caught.value.hint or "")


def test_relative_paths_circles_and_no_paths_are_refused(root: Path) -> None:
    (root / "circle").symlink_to(root / "circle")
    for path, words in ((Path("cats"), "whole path"), (root / "a\0b", "path"), (root / "circle/x", "path|outside")):
        with pytest.raises(UserError, match=words):
            inside(path, [root])


def test_without_roots_nothing_may_be_read(root: Path) -> None:
    with pytest.raises(UserError, match="outside"):
        inside(root, [])
