"""Options that contradict each other are refused before a job is made, each field by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.checks import check_options
from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions, UserError


def options(folder: Path, **values) -> DatasetOptions:
    return DatasetOptions(folder=str(folder), **values)


@pytest.fixture(autouse=True)
def _images(tmp_path: Path) -> None:
    """Two classes, so that the folder is one of images."""
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").touch()


def test_good_options_pass(tmp_path: Path) -> None:
    check_options(options(tmp_path))
    check_options(options(tmp_path, val_folder=str(tmp_path), val_percent=0, test_percent=99.5))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"val_percent": 60, "test_percent": 50}, "test_percent"),
        ({"val_percent": 50, "test_percent": 50}, "val_percent"),
        ({"min_per_class": 5, "max_per_class": 4}, "max_per_class"),
        ({"val_min_per_class": 5, "val_max_per_class": 4}, "val_max_per_class"),
        ({"test_min_per_class": 5, "test_max_per_class": 4}, "test_max_per_class"),
        ({"val_folder": "/nowhere/at/all"}, "val_folder"),
        ({"test_folder": "/dev/null"}, "test_folder"),
        ({"folder": "relative/nowhere"}, "folder"),
        ({"folder": "/a\0b"}, "folder"),
    ],
)
def test_the_wrong_field_is_named(tmp_path: Path, values: dict, field: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        check_options(DatasetOptions(**{"folder": str(tmp_path), **values}))
    assert list(caught.value.fields) == [field]


def test_all_wrong_fields_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptions) as caught:
        check_options(options(tmp_path / "x", val_percent=60, test_percent=60, min_per_class=9, max_per_class=3))
    assert set(caught.value.fields) == {"folder", "test_percent", "max_per_class"}


def test_an_unknown_resize_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="stretch") as caught:
        check_options(options(tmp_path, resize_mode="stretch"))
    assert caught.value.field == "resize_mode"


def test_a_folder_that_no_source_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidOptions, match="nothing that is known as a dataset") as caught:
        check_options(options(tmp_path / "empty"))
    assert list(caught.value.fields) == ["folder"]
    with pytest.raises(InvalidOptions, match="no source") as caught:
        check_options(options(tmp_path, source="clay tablets"))
    assert list(caught.value.fields) == ["source"]
