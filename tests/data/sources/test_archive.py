"""Archives on the server: told by their names before, unpacked while building, and nothing of them left behind."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from data.build import build_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.sources import sources
from data.workspace import Workspace
from tests.data.sources.helpers import best, build, drain, notes, picture, scan, sizes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for cls in ("hot dog", "Äpfel"):
        for number in range(3):
            picture(tmp_path / f"set/{cls}/{number}.png")
    return tmp_path / "set"


def packed(folder: Path, kind: str) -> Path:
    return Path(shutil.make_archive(str(folder.parent / "packed"), kind, folder.parent, folder.name))


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "bztar", "xztar"])
def test_an_archive_is_told_before_and_unpacked_while_building(tmp_path: Path, folder: Path, kind: str) -> None:
    archive = packed(folder, kind)
    assert best(archive) == "archive"
    preview = scan(archive, Workspace(roots=[tmp_path]))
    assert preview.kind == ""
    assert "6 images in 2 folders" in preview.notes[0]
    assert "set/hot dog 3" in preview.notes[0]
    assert "set/Äpfel 3" in preview.notes[0]
    dataset, events = build(archive, tmp_path / "out", val_percent=0)
    assert sizes(dataset) == {"train": 6}
    assert dataset.classes == ("hot dog", "Äpfel")
    assert dataset.split("train").path(0).startswith(f"{archive}/set/")
    assert "read as: Image folder" in notes(events)
    assert not (tmp_path / "out/unpacked").exists()


def test_an_archive_of_another_source(tmp_path: Path) -> None:
    picture(tmp_path / "set/images/train/a.png", 100, 50)
    (tmp_path / "set/labels/train").mkdir(parents=True)
    (tmp_path / "set/labels/train/a.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    dataset, _ = build(packed(tmp_path / "set", "zip"), tmp_path / "out", val_percent=0, roots=[tmp_path])
    assert dataset.kind == "detection"
    assert dataset.manifest["splits"]["train"]["objects"] == [1]


def test_a_damaged_or_dangerous_archive_ends_the_build_in_words(tmp_path: Path, folder: Path) -> None:
    archive = packed(folder, "zip")
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(UserError):
        build(archive, tmp_path / "out")
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.add(folder / "hot dog/0.png", "../../escaped.png")
    with pytest.raises(UserError, match="escaped"):
        build(tmp_path / "evil.tar", tmp_path / "out2")
    assert not list(tmp_path.rglob("escaped.png"))
    assert not (tmp_path / "out2/unpacked").exists()


def test_a_build_left_in_the_middle_leaves_nothing_unpacked(tmp_path: Path, folder: Path) -> None:
    events = build_dataset(DatasetOptions(folder=str(packed(folder, "zip"))), tmp_path / "out")
    assert next(event for event in events if event.get("name") == "classes")
    assert (tmp_path / "out/unpacked").exists()
    events.close()
    assert not (tmp_path / "out/unpacked").exists()


def test_the_preview_of_a_broken_archive_is_a_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr("a/1.png", b"x" * 100)
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(content[:60])
    with pytest.raises(UserError, match="cannot be read"):
        drain(sources["archive"].scan(DatasetOptions(folder=str(tmp_path / "a.zip"))))
