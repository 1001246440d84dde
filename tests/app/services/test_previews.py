"""Previews through the pages and REST: what they answer, what they refuse, what they keep."""

from __future__ import annotations

import base64
import io
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from app.services import previews
from app.services.preview_caches import Originals
from app.services.searching import Search, Searches
from data.errors import UserError
from data.placement import Size
from data.previews import NOT_YET, WHOLE, Survey, read_original
from data.sheets import fitted
from data.transforms import resize_modes
from tests.app.conftest import Lab
from tests.data.factory import make_gradient_folder

HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def images(alone: Lab, tmp_path: Path) -> Path:
    """Three classes of ten pictures of 40 x 30."""
    return make_gradient_folder(tmp_path / "images" / "set", size=(40, 30))


def look(lab: Lab, folder: Path, **more: Any) -> dict[str, Any]:
    form = {"folder": str(folder), "width": "16", "height": "12", "val_percent": "", **more}
    answer = lab.client().post("/datasets/preview", data=form, headers=HERE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_every_mode_is_shown_for_every_image(alone: Lab, images: Path) -> None:
    found = look(alone, images, **{"preview-count": "4"})
    assert found["ready"]
    assert found["images"] == found["seen"] == 30
    assert len({one["path"] for one in found["pictures"]}) == 4
    assert {one["class"] for one in found["pictures"][:3]} == {"red-to-right", "green-to-top", "blue-to-left"}
    assert [mode["name"] for mode in found["modes"]] == resize_modes.names()
    for mode in found["modes"]:
        if mode["name"] == "none":
            assert all("40x30" in record["error"] for record in mode["records"])
            assert mode["database"] == {"png": 0, "jpg": 0, "raw": 0}
        else:
            assert all(record["bytes"]["raw"] == 16 * 12 * 3 for record in mode["records"])
            assert mode["database"]["raw"] == pytest.approx(30 * 16 * 12 * 3, rel=0.2)


def test_the_sheet_has_a_column_for_each_image_and_a_row_for_each_mode(alone: Lab, images: Path) -> None:
    found = look(alone, images, **{"preview-count": "5", "preview-cell": "64"})
    with Image.open(io.BytesIO(base64.b64decode(found["sheet"].partition(",")[2]))) as sheet:
        assert sheet.size == (5 * 64, 64 * (1 + len(found["modes"])))
        red = [one["class"] for one in found["pictures"]].index("red-to-right")
        squash = 1 + resize_modes.names().index("squash")
        width, height = found["thumb"]
        assert (width, height) == (64, 48)
        pixel = sheet.convert("RGB").getpixel((red * 64 + width - 6, squash * 64 + height // 2))
    assert pixel[0] > 180  # red grows to the right
    assert max(pixel[1:]) < 60


def test_other_images_and_the_same_again(alone: Lab, images: Path) -> None:
    first, again, other = (look(alone, images, **{"preview-draw": str(draw)})["pictures"] for draw in (0, 0, 1))
    assert first == again
    assert first != other


def test_limits_count_for_the_whole_set(alone: Lab, images: Path) -> None:
    assert look(alone, images, max_per_class="4")["images"] == 12
    half, whole = (look(alone, images, max_per_class=most)["modes"][0]["database"]["raw"] for most in ("5", ""))
    assert whole == pytest.approx(2 * half, abs=1)


def test_a_file_that_cannot_be_read_is_shown_with_its_reason(alone: Lab, images: Path) -> None:
    for path in images.rglob("*.png"):
        path.write_bytes(b"")
    found = look(alone, images)
    assert {one["error"].partition(".")[0] for one in found["pictures"]} == {"The file is empty"}
    assert all(record == {"bytes": None, "error": None} for mode in found["modes"] for record in mode["records"])


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"folder": "/etc"}, "folder"),
        ({"folder": "SET", "val_folder": "/etc"}, "val_folder"),
        ({"folder": "SET", "width": "0"}, "width"),
        ({"folder": "SET", "resize_mode": "stretch"}, "resize_mode"),
        ({"folder": ""}, "folder"),
    ],
)
def test_what_is_wrong_is_said_by_field(alone: Lab, images: Path, form: dict[str, str], field: str) -> None:
    form = {key: str(images) if value == "SET" else value for key, value in form.items()}
    answer = alone.client().post("/datasets/preview", data=form, headers=HERE)
    assert answer.json["field"] == field
    assert answer.json["error"]
    answer = alone.client().post("/datasets/preview/picture", data=form, headers={**HERE, "Accept": "application/json"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_a_link_that_leads_outside_is_not_shown(alone: Lab, images: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    Image.new("RGB", (40, 30)).save(outside)
    for path in images.rglob("*.png"):
        path.unlink()
        path.symlink_to(outside)
    assert look(alone, images)["pictures"] == []
    inside = next(images.rglob("*.png"))
    os.unlink(inside)
    Image.new("RGB", (40, 30)).save(inside)
    alone.ctx.previews.searches._known.clear()
    shown = [one["path"] for draw in range(9) for one in look(alone, images, **{"preview-draw": draw})["pictures"]]
    assert set(shown) <= {str(inside)}


def test_the_full_picture_is_what_a_build_would_store(alone: Lab, images: Path) -> None:
    chosen = {"width": "16", "height": "12", "resize_mode": "fill", "fill": "#204060", "encoding": "jpg"}

    def picture(number: int) -> TestResponse:
        form = {"folder": str(images), **chosen, "preview-count": "3", "preview-picture": str(number)}
        return alone.client().post("/datasets/preview/picture", data=form, headers=HERE)

    answer = picture(2)
    assert answer.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(answer.data)) as shown:
        assert shown.size == (16, 12)
    fill = resize_modes.names().index("fill")
    assert len(answer.data) == look(alone, images, **chosen)["modes"][fill]["records"][2]["bytes"]["jpg"]
    assert picture(3).status_code == 404


def test_rest_is_the_same(alone: Lab, images: Path) -> None:
    body = {"folder": str(images), "width": 16, "height": 12, "count": 3, "draw": 1, "cell": 48}
    found = alone.client().post("/api/v1/previews", json=body).json
    page = look(alone, images, **{"preview-count": "3", "preview-draw": "1", "preview-cell": "48"})
    assert found == {**page, "note": None}
    picture = alone.client().post("/api/v1/previews/picture", json={**body, "picture": 1, "encoding": "raw"})
    assert picture.mimetype == "image/png"
    assert alone.client().post("/api/v1/previews", json={**body, "count": 13}).status_code == 422


def test_where_there_is_nothing_to_choose_it_says_why(alone: Lab, images: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "images" / "set"), "zip", images)
    found = look(alone, Path(archive))
    assert found["note"] == NOT_YET
    boxes = tmp_path / "images" / "boxes"
    shutil.copytree(images / "red-to-right", boxes / "images")
    (boxes / "labels").mkdir()
    for picture in (boxes / "images").iterdir():
        (boxes / "labels" / f"{picture.stem}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    assert look(alone, boxes, source="yolo")["note"] == WHOLE
    assert alone.client().post("/api/v1/previews", json={"folder": archive}).json["note"] == NOT_YET


# -- what is kept ------------------------------------------------------------------------------------------------


def test_images_are_decoded_once(alone: Lab, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look(alone, images)
    monkeypatch.setattr(previews, "read_original", lambda *_, **__: pytest.fail("read again"))
    look(alone, images, width="15", encoding="jpg", channels="1")


def test_kept_images_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (100, 100)).save(tmp_path / "a.png")
    original, kept = read_original(str(tmp_path / "a.png")), Originals()
    monkeypatch.setattr("app.services.preview_caches.KEPT_BYTES", 2 * original.nbytes)
    for name in "abc":
        kept.add(name, original)
    assert [name for name in "abc" if kept.get(name)] == ["b", "c"]


def test_a_search_that_takes_long_is_waited_for_a_little_and_kept() -> None:
    search = Search(iter(()))  # type: ignore[arg-type]
    assert search.wait(0.02) is None
    assert search.fresh()
    search.survey, search.finished = Survey({}, ()), 0.0
    assert search.wait(0.02) == Survey({}, ())
    assert not search.fresh()  # long ago


def test_a_search_that_fails_says_so_and_is_not_kept() -> None:
    def scan():  # type: ignore[no-untyped-def]
        yield 1
        raise UserError("No.")

    searches = Searches()
    first = searches.get("a", scan)
    for _ in range(2):
        with pytest.raises(UserError, match="No"):
            first.wait(1)
    assert searches.get("a", scan) is not first


def test_old_searches_give_way() -> None:
    def scan():  # type: ignore[no-untyped-def]
        yield 1
        yield 1

    search = Search(scan())
    search.stop()
    search.run()
    with pytest.raises(UserError, match="gave way"):
        search.wait(1)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((28, 28), (140, 140)), ((256, 128), (144, 72)), ((100, 100), (144, 144)), ((1, 900), (1, 144))],
)
def test_small_pictures_grow_by_whole_factors(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(Size(*size), 144) == expected
