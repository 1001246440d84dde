"""Names of all kinds (spaces, Unicode, 255 bytes, leading dots, numbers) in folders, pages, REST and addresses."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

from app.services import datasets
from app.services.suggest import suggest
from app.services.understand import understand
from jobs.tables import JobRow
from jobs.worker import work
from tests.app.conftest import Lab
from tests.app.finished import finish
from tests.data.sources.helpers import picture

CLASSES = (
    "10",
    "2",
    ".hidden",
    "hot dog",
    "Äpfel ☃ 猫",
    "a'b\"c<d>&e?f#g%20",
    "x" * 255,
    "é" * 127,
    "naïve\\path",
    "-rf",
    "..a",
    " lead ",
)
FILES = ("1.png", ".dot.png", "a b (1).png", "ÿ猫.png", "q?#&%.png", "x" * 251 + ".png")


@pytest.fixture
def images(alone: Lab) -> Path:
    root = alone.ctx.settings.data_roots[0] / "Bilder & ☃ 'n\" more"
    for cls in CLASSES:
        for name in FILES:
            picture(root / cls / name, 6, 6)
    return root


@pytest.fixture
def built(alone: Lab, images: Path) -> JobRow:
    options = {
        "folder": str(images),
        "width": 8,
        "height": 8,
        "val_percent": 0,
        "name": 'ñ <b> "q" 猫',
        "analyse": False,
    }
    row = datasets.create(alone.ctx, alone.who("local"), options)
    assert work(alone.store.folder(row.id)) == 0
    return finish(alone.store, row.id)


def test_every_class_and_file_is_there(alone: Lab, built: JobRow, images: Path) -> None:
    client = alone.client()
    manifest = client.get(f"/api/v1/datasets/{built.id}/manifest").json
    assert manifest["classes"] == sorted(cls.replace("_", " ") for cls in CLASSES)
    assert manifest["splits"]["train"]["counts"] == [len(FILES)] * len(CLASSES)
    base = f"/api/v1/datasets/{built.id}/splits/train/records"
    for number, cls in enumerate(manifest["classes"]):
        page = client.get(f"{base}?class={number}").json
        assert page["total"] == len(FILES)
        assert {record["class"] for record in page["records"]} == {cls}
        paths = {client.get(f"{base}/{record['index']}").json["path"] for record in page["records"]}
        assert paths == {f"{images}/{cls}/{name}" for name in FILES}


def test_every_name_is_shown_as_it_is_and_never_as_html(alone: Lab, built: JobRow) -> None:
    client = alone.client()
    for address in (
        f"/datasets/{built.id}",
        f"/datasets/images/classification/explore?job_id={built.id}&size=100",
        f"/datasets/{built.id}/record/train/0",
        "/",
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert "<d>" not in page.text
        assert '<b> "q"' not in page.text
    explorer = unescape(client.get(f"/datasets/images/classification/explore?job_id={built.id}&label=0").text)
    for cls in CLASSES:
        assert cls.strip() in explorer


def test_names_in_addresses_and_bodies(alone: Lab, images: Path) -> None:
    found = understand(alone.ctx, alone.who("local"), {"folder": str(images)})
    assert {name for name, _ in found["splits"]["train"]["classes"]} == set(CLASSES)
    client = alone.client()
    page = unescape(client.get(f"/datasets/understand?folder={quote(str(images))}").text)
    assert f"{len(CLASSES)} classes" in page
    body = client.post("/api/v1/datasets/understand", json={"folder": f"{images}/"})
    assert body.json["class_count"] == len(CLASSES)
    typed = str(images)[:-5]
    assert [entry["path"] for entry in suggest(alone.ctx, alone.who("local"), typed)] == [f"{images}/"]
    inside = {entry["path"] for entry in suggest(alone.ctx, alone.who("local"), f"{images}/")}
    assert inside == {f"{images}/{cls}/" for cls in CLASSES if not cls.startswith(".")}
    assert f"{images}/.hidden/" in {entry["path"] for entry in suggest(alone.ctx, alone.who("local"), f"{images}/.h")}


def test_a_model_sees_the_same_names(alone: Lab, built: JobRow) -> None:
    classes = alone.client().get(f"/api/v1/datasets/{built.id}").json["artifacts"]["classes"]
    assert sorted(classes) == sorted(CLASSES)


def test_names_in_archives(alone: Lab, images: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "images" / "packed ☃"), "zip", images)
    row = datasets.create(alone.ctx, alone.who("local"), {"folder": archive, "width": 8, "height": 8, "analyse": False})
    assert work(alone.store.folder(row.id)) == 0, alone.store.folder(row.id).state().error
    manifest = datasets.manifest(alone.ctx, finish(alone.store, row.id))
    assert set(manifest["classes"]) == {cls.partition("\\")[0] for cls in CLASSES}  # in a zip it ends a folder's name


def test_names_in_an_upload_in_pieces(alone: Lab, images: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "tär ☃ #1"), "tar", images))
    client = alone.client()
    begun = client.post(
        "/api/v1/uploads/parts", json={"filename": archive.name, "size": archive.stat().st_size, "key": "k"}
    ).json
    part = f"/api/v1/uploads/parts/{begun['id']}"
    assert client.patch(f"{part}?offset=0", data=archive.read_bytes()).status_code == 200
    answer = client.post(f"{part}/finish")
    assert answer.status_code in (200, 201), answer.text
    found = understand(alone.ctx, alone.who("local"), {"folder": answer.json["path"]})
    assert {name for name, _ in found["splits"]["train"]["classes"]} == {
        cls.partition("\\")[0] for cls in CLASSES
    }  # as in a zip, "\" ends a folder's name


def test_names_in_a_download(alone: Lab, built: JobRow, images: Path) -> None:
    answer = alone.client().get(f"/datasets/{built.id}/download/train")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("manifest.csv"), "utf-8")))
        assert {row["file"] for row in rows} == set(archive.namelist()) - {"manifest.csv"}
    assert {row["class"] for row in rows} == {cls.replace("_", " ") for cls in CLASSES}
    assert {row["path"] for row in rows} == {f"{images}/{cls}/{name}" for cls in CLASSES for name in FILES}
