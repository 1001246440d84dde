"""Probe images are chosen evenly and always alike; what a validation leaves is read, cut back, told when damaged."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from models.probe.files import Validations, choose
from models.probe.sprite import layout, sprite


def test_images_are_of_every_class_and_the_same_with_the_same_seed() -> None:
    labels = np.repeat(np.arange(5), [40, 40, 40, 40, 2])
    chosen = choose(labels, 22, 7)
    assert np.bincount(labels[chosen]).tolist() == [5, 5, 5, 5, 2]
    assert choose(labels, 22, 7).tolist() == chosen.tolist()
    assert choose(labels, 22, 8).tolist() != chosen.tolist()
    assert (np.diff(labels[chosen]) >= 0).all()
    assert len(choose(labels, 3, 1)) == 3
    assert len(choose(labels, 1000, 1)) == len(labels)


def kept(folder: Path, *steps: int) -> Validations:
    files = Validations(folder)
    for step in steps:
        files.write(step, {"own": np.full(2, step / 100, np.float32), "epoch": np.asarray(1.5)}, {"records": [1, 2]})
    return files


def test_what_is_written_is_read_and_cut_back(tmp_path: Path) -> None:
    files = Validations(tmp_path / "validations")
    assert files.about() is None
    assert files.steps() == []
    kept(files.folder, 10, 30, 20)
    assert files.steps() == [10, 20, 30]
    assert files.read(20)["own"].tolist() == pytest.approx([0.2, 0.2])
    assert [*files.read(20, ["epoch"])] == ["epoch"]
    files.cut(20)
    assert files.steps() == [10, 20]
    with pytest.raises(KeyError):
        files.read(30)
    about = files.about()
    assert about is not None
    assert about["records"] == [1, 2]
    files.cut(0)
    assert files.steps() == []
    assert files.about() is None


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    files = kept(tmp_path, 10)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(UserError, match="step 10 cannot be read"):
        files.read(10)
    (tmp_path / "about.json").write_text("[")
    with pytest.raises(UserError, match="cannot be read"):
        files.about()


def test_a_sprite_has_a_tile_for_each_image() -> None:
    maps = np.zeros((5, 4, 3, 3), np.uint8)
    maps[4, 3, 2, 2] = 255
    image = Image.open(BytesIO(sprite(maps))).convert("RGB")
    assert layout(5) == (3, 2)
    assert image.size == (3 * 7, 2 * 7)
    assert image.getpixel((7 + 6, 7 + 6)) == (254, 232, 56)
    assert image.getpixel((0, 0)) == (0, 34, 78)
