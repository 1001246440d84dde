"""The shared gradient folders are what their users count on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.data.factory import make_gradient_folder


def test_gradient_folder_has_the_classes_and_counts_of_digits(tmp_path: Path) -> None:
    make_gradient_folder(tmp_path, classes=4)
    counts = {folder.name: len(list(folder.iterdir())) for folder in tmp_path.iterdir()}
    assert counts == {"red-to-right": 10, "green-to-top": 10, "blue-to-left": 10, "blue-to-bottom": 5}


def test_pictures_are_rgb_of_the_asked_size_and_grow_brighter_as_named(tmp_path: Path) -> None:
    make_gradient_folder(tmp_path, size=(12, 8))
    red = np.asarray(Image.open(tmp_path / "red-to-right" / "0003.png"))
    assert red.shape == (8, 12, 3)
    assert (np.diff(red[0, :, 0].astype(int)) > 0).all()
    assert not red[..., 1:].any()
    green = np.asarray(Image.open(tmp_path / "green-to-top" / "0000.png"))
    assert (np.diff(green[:, 0, 1].astype(int)) < 0).all()


def test_the_same_call_writes_the_same_bytes(tmp_path: Path) -> None:
    one, two = make_gradient_folder(tmp_path / "a"), make_gradient_folder(tmp_path / "b")
    names = [path.relative_to(one) for path in one.rglob("*.png")]
    assert len(names) == 30
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)
