"""What a set's table says of each image: on its page, over REST, in the explorer's filter, and in a download."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from app.services import datasets
from jobs.tables import JobRow
from jobs.worker import work
from tests.app.conftest import Lab
from tests.app.finished import finish
from tests.data.sources.helpers import picture, text

ROWS = (("a.png", "cat", "Nikon <b>"), ("b.png", "dog", "Canon"), ("c.png", "cat", ""), ("d.png", "dog", "Nikon <b>"))


@pytest.fixture
def built(alone: Lab) -> JobRow:
    root = alone.ctx.settings.data_roots[0] / "set"
    for name, _, _ in ROWS:
        picture(root / name)
    table = text(root / "table.csv", "path,label,camera\n" + "".join(f"{','.join(row)}\n" for row in ROWS))
    options = {"folder": str(table), "width": 8, "height": 8, "val_percent": 0, "shuffle": False, "analyse": False}
    row = datasets.create(alone.ctx, alone.who("local"), options)
    assert work(alone.store.folder(row.id)) == 0
    return finish(alone.store, row.id)


def test_a_record_has_what_the_table_said_of_it(alone: Lab, built: JobRow) -> None:
    client = alone.client()
    said = [client.get(f"/api/v1/datasets/{built.id}/splits/train/records/{n}").json["details"] for n in range(4)]
    assert said == [{"camera": camera} if camera else {} for _, _, camera in ROWS]
    page = client.get(f"/datasets/{built.id}/record/train/0").text
    assert "Nikon &lt;b&gt;" in page
    assert "q=camera%3DNikon" in page


def test_the_explorer_finds_by_it(alone: Lab, built: JobRow) -> None:
    client = alone.client()
    found = client.get(f"/api/v1/datasets/{built.id}/splits/train/records?text=camera%3Dnikon").json
    assert [record["index"] for record in found["records"]] == [0, 3]
    assert found["details"] == ["camera"]
    page = client.get(f"/datasets/images/classification/explore?job_id={built.id}&q=camera%3Dcanon").text
    assert "1 image<" in page
    assert "camera=…" in page


def test_a_download_has_its_columns(alone: Lab, built: JobRow) -> None:
    answer = alone.client().get(f"/datasets/{built.id}/download/train")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("manifest.csv"), "utf-8")))
    assert [row["camera"] for row in rows] == [camera for _, _, camera in ROWS]
