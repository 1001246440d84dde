"""What is kept of source files: size by the header, upright; kind by the content; the same however it was gathered."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.build import build_dataset
from data.codecs import decode
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.source_facts import COLUMNS, KINDS, facts_of, facts_table
from tests.data.factory import make_gradient_folder
from tests.data.shared import messy_folder


def encoded(size: tuple[int, int], form: str, **more: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "#336699").save(file, form, **more)
    return file.getvalue()


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "bmp", "webp", "tiff", "avif", "ico"])
def test_size_and_kind_by_content(form: str) -> None:
    data = encoded((40, 24), form, **({"sizes": [(40, 24)]} if form == "ico" else {}))
    facts = facts_of(data)
    assert (facts.width, facts.height, KINDS[facts.kind]) == (40, 24, form)
    assert (facts.bytes, facts.sum) == (len(data), zlib.adler32(data) << 32 | zlib.crc32(data))


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_the_size_is_that_of_the_upright_picture(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded((40, 24), form, exif=exif.tobytes())
    assert decode(data, 3).shape[:2] == (40, 24)
    assert facts_of(data)[:2] == (24, 40)


def test_what_is_no_image_has_no_size() -> None:
    assert facts_of(b"hello")[:2] == (0, 0)
    assert facts_of(b"\xff\xd8\xff")[:2] == (0, 0)


def test_contents_and_facts_make_one_table_in_order() -> None:
    small, other = encoded((10, 10), "png"), encoded((30, 20), "jpeg")
    expected = np.array([facts_of(small), facts_of(other), facts_of(small)], np.uint64)
    assert (facts_table([small, facts_of(other), small], 10, 10) == expected).all()
    assert (facts_table([small], 10, 10) == expected[:1]).all()
    assert facts_table([], 10, 10).shape == (0, len(COLUMNS))


@pytest.mark.parametrize("width", [10, 12])
def test_a_build_keeps_them_beside_the_labels(tmp_path: Path, width: int) -> None:
    """At width 10 the files are stored as they are, at 12 they are prepared: two ways, one result."""
    images = make_gradient_folder(tmp_path / "images", per_class=4)
    (images / "red-to-right" / "broken.png").write_bytes(b"no image")
    options = DatasetOptions(folder=str(images), width=width, height=10, val_percent=25, test_percent=25)
    list(build_dataset(options, tmp_path / "out", threads=2))
    dataset = open_dataset(tmp_path / "out")
    for name in dataset.splits:
        split = dataset.split(name)
        columns = [np.load(split.folder / f"{column}.npy") for column in COLUMNS]
        found = [tuple(int(column[index]) for column in columns) for index in range(len(split))]
        assert found == [tuple(facts_of(Path(split.path(index)).read_bytes())) for index in range(len(split))]


def test_every_readable_odd_file_has_a_size(tmp_path: Path) -> None:
    read = 0
    for path in sorted(messy_folder(tmp_path).rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        try:
            height, width, _ = decode(data, 3).shape
        except UserError:
            continue
        read += 1
        assert facts_of(data)[:2] == (width, height), path
    assert read > 200
