"""A run's event files over page and REST: what TensorBoard reads once they are unpacked."""

from __future__ import annotations

import io
import zipfile

from jobs.event_files import EventWriter
from tests.app.conftest import Lab
from tests.app.runs import run


def test_event_files_come_as_a_zip_of_one_folder(lab: Lab) -> None:
    row = run(lab, "my net/2", {"train/loss": [3, 2, 1]})
    folder = lab.store.folder(row.id)
    writer = EventWriter(folder.tensorboard, folder.series)
    writer.add(4, 5.0, {"train/loss": 0.5})
    writer.flush()
    (path,) = folder.tensorboard.iterdir()
    for address in (f"/jobs/{row.id}/do/tensorboard.zip", f"/api/v1/jobs/{row.id}/tensorboard"):
        answer = lab.client("vic").get(address)
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.namelist() == [f"my-net-2-{row.id}/{path.name}"]
            assert archive.read(archive.namelist()[0]) == path.read_bytes()


def test_a_run_without_says_so(lab: Lab) -> None:
    row = run(lab, "old", {"train/loss": [1]})
    assert "no event files" in lab.client("sam").get(f"/api/v1/jobs/{row.id}/tensorboard").json["detail"]
