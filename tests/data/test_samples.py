"""The sample that needs no network: scikit-learn's digits as an image folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from data.errors import UserError
from data.samples import write_sample


def test_digits_are_written_as_they_are(tmp_path: Path) -> None:
    write_sample("digits", tmp_path / "digits")
    digits = load_digits()
    files = sorted((tmp_path / "digits").rglob("*.png"), key=lambda path: path.name)
    assert len(files) == 1797
    for number in (0, 7, 1796):
        assert files[number].parent.name == str(digits.target[number])
        pixels = np.asarray(Image.open(files[number]), dtype=float)
        assert np.abs(pixels * 16 / 255 - digits.images[number]).max() < 0.05
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits"]


def test_an_unknown_sample_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no sample nothing"):
        write_sample("nothing", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
