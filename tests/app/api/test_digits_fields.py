"""DIGITS's dataset form as Foveal's dataset options."""

from __future__ import annotations

import pytest

from app.api.digits_fields import DATASET_NAMES, dataset_values, flat, renamed
from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions
from data.options import parse

LEAST = {"dataset_name": "gradients", "folder_train": "/data/gradients"}


def options(**fields: str) -> DatasetOptions:
    values = dataset_values({**LEAST, **fields})
    return parse(DatasetOptions, {key: value for key, value in values.items() if key not in ("name", "group")})


def errors(**fields: str) -> dict[str, list[str]]:
    with pytest.raises(InvalidOptions) as caught:
        dataset_values({**LEAST, **fields})
    return caught.value.fields


def test_absent_fields_have_digits_defaults() -> None:
    found = options()
    assert (found.val_percent, found.test_percent, found.min_per_class, found.max_per_class) == (25, 0, 2, None)
    assert (found.channels, found.width, found.height, found.resize_mode, found.encoding) == (
        3,
        256,
        256,
        "squash",
        "png",
    )
    assert found.layout == "class", "a DIGITS folder has classes, even where they are called train and val"


def test_every_field_of_the_folder_method() -> None:
    found = options(
        method="folder",
        resize_channels="1",
        resize_width="30",
        resize_height="20",
        resize_mode="half_crop",
        encoding="jpg",
        backend="lmdb",
        compression="gzip",
        folder_pct_val="20",
        folder_pct_test="10",
        folder_train_min_per_class="3",
        folder_train_max_per_class="9",
    )
    assert (found.channels, found.width, found.height) == (1, 30, 20)
    assert (found.resize_mode, found.encoding) == ("half_crop", "jpg")
    assert (found.val_percent, found.test_percent) == (20, 10)
    assert (found.min_per_class, found.max_per_class) == (3, 9)


def test_encoding_none_is_raw() -> None:
    assert options(encoding="none").encoding == "raw"


def test_a_blank_minimum_switches_it_off() -> None:
    assert options(folder_train_min_per_class="").min_per_class is None


def test_own_folders_replace_percentages() -> None:
    found = options(
        has_val_folder="y",
        folder_val="/data/val",
        folder_val_max_per_class="4",
        has_test_folder="True",
        folder_test="/data/test",
        folder_test_min_per_class="",
    )
    assert (found.val_folder, found.val_percent, found.val_min_per_class, found.val_max_per_class) == (
        "/data/val",
        0,
        2,
        4,
    )
    assert (found.test_folder, found.test_percent, found.test_min_per_class) == ("/data/test", 0, None)


@pytest.mark.parametrize("off", ["", "False", "0"])
def test_a_folder_without_its_check_box_is_not_used(off: str) -> None:
    assert options(has_val_folder=off, folder_val="/data/val").val_folder is None


def test_a_check_box_without_its_folder_is_an_error() -> None:
    assert errors(has_val_folder="y").keys() == {"folder_val"}


def test_all_errors_come_at_once_under_digits_names() -> None:
    found = errors(
        dataset_name=" ",
        folder_train="relative",
        folder_pct_val="101",
        resize_width="wide",
        resize_height="0",
        encoding="gif",
        folder_train_min_per_class="0",
    )
    assert found.keys() == {
        "dataset_name",
        "folder_train",
        "folder_pct_val",
        "resize_width",
        "resize_height",
        "encoding",
        "folder_train_min_per_class",
    }
    assert all(isinstance(message, str) and message for messages in found.values() for message in messages)


@pytest.mark.parametrize(
    ("field", "text"),
    [("method", "s3"), ("backend", "hdf5"), ("folder_train", "http://host/images/")],
)
def test_what_foveal_lacks_is_refused_by_name(field: str, text: str) -> None:
    found = errors(**{field: text})
    assert found.keys() == {field}
    assert "Foveal" in found[field][0]


def test_options_of_one_field_are_joined() -> None:
    found = renamed({"folder": ["a"], "layout": ["b"], "resize_mode": ["c"]}, DATASET_NAMES)
    assert found == {"folder_train": ["a", "b"], "resize_mode": ["c"]}


def test_repeated_fields_are_a_comma_list() -> None:
    assert flat([("select_gpus", "0"), ("a", "b"), ("select_gpus", "2")]) == {"select_gpus": "0,2", "a": "b"}
