"""DIGITS's resize-example: its fields, its fragment, its words for sizes."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from app.api.digits_previews import size_words
from tests.app.conftest import Lab

FORM = {"width": "50", "height": "30", "channels": "3", "resize_mode": "squash", "backend": "lmdb", "encoding": "png"}


@pytest.mark.parametrize("encoding", ["none", "png", "jpg"])
@pytest.mark.parametrize("mode", ["crop", "squash", "fill", "half_crop"])
def test_the_fragment_holds_the_picture_and_its_size(alone: Lab, encoding: str, mode: str) -> None:
    answer = alone.client().post(
        "/datasets/images/resize-example", data={**FORM, "encoding": encoding, "resize_mode": mode},
        headers={"Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert answer.status_code == 200
    found = re.fullmatch(
        r'<img src="data:image/(png|jpeg);base64,([^"]+)" style="width:50px;height:30px" />\n<br>\n'
        r"<i>Image size: ([\d.]+ K?B)</i>",
        answer.text,
    )
    assert found
    assert (found[1] == "jpeg") == (encoding == "jpg")
    data = base64.b64decode(found[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (50, 30)
    assert found[3] == size_words(4500 if encoding == "none" else len(data))


@pytest.mark.parametrize(
    ("field", "value"), [("width", "x"), ("channels", "2"), ("encoding", "gif"), ("backend", "hdf5")]
)
def test_wrong_fields_are_named(alone: Lab, field: str, value: str) -> None:
    answer = alone.client().post(
        "/datasets/images/resize-example", data={**FORM, field: value}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]


def test_a_path_outside_the_roots_is_refused(alone: Lab) -> None:
    answer = alone.client().post(
        "/datasets/images/resize-example", data={**FORM, "image_path": "/etc/passwd"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert "outside" in answer.json["errors"]["image_path"][0]


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (1023, "1.02e+03 B"), (1024, "1 KB"), (52_224, "51 KB"), (3 << 20, "3 MB")]
)
def test_sizes_are_written_as_digits_does(count: int, words: str) -> None:
    assert size_words(count) == words
