"""Whole evaluations by the real task: splits, other datasets, folders and lists, broken images, killed workers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data.build import build_dataset
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.worker import work
from models.evaluation.images import Loaded
from models.evaluation.items import ClassNames, Items, guarded, split_line
from models.evaluation.records import NONE, Failure, Results, read_failures, read_results, read_scores
from models.evaluation.stream import records_of
from models.inspection.classify import classify
from models.inspection.loaded import models
from tests.data.factory import make_gradient_folder
from tests.models.jobs import make_dataset, train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home)
    return home


@pytest.fixture(scope="module")
def model(home: Path) -> JobFolder:
    return train(home, epochs=1, crop_size=8)[0]


def ordered(home: Path, model: JobFolder, **options: Any) -> JobFolder:
    """An evaluation job in its folder, not yet begun."""
    values = {"model": model.path.name, **options}
    job = Job(new_id(), "evaluation", "evaluate", "e", values, parents=(model.path.name,))
    return JobFolder.create(home, job)


def evaluated(home: Path, model: JobFolder, **options: Any) -> tuple[JobFolder, dict[str, Any]]:
    """The folder of an evaluation that a worker has carried out, and its report."""
    folder = ordered(home, model, **options)
    assert work(folder) == 0, folder.state().error + folder.log_tail()
    return folder, json.loads((folder.artifacts / "report.json").read_text())


def test_a_split_is_judged_as_the_network_itself_would(home: Path, model: JobFolder) -> None:
    folder, report = evaluated(home, model, split="val")
    loaded = models.get(model.path)
    part = open_dataset(home / "20261124-100000-0001" / "artifacts").split("val")
    with torch.inference_mode():
        pixels = torch.from_numpy(part.read(range(len(part)))[:, 1:9, 1:9].copy())
        expected = loaded.network(loaded.normalise(pixels)).softmax(1).numpy()
    records = read_results(folder.artifacts)
    assert np.allclose(read_scores(folder.artifacts, 3), expected, atol=1e-5)
    assert (records["label"] == part.labels).all()
    assert (records["predicted"] == expected.argmax(1)).all()
    assert np.allclose(records["loss"], -np.log(expected[np.arange(len(part)), part.labels]), atol=1e-4)
    assert report["accuracy"] == (expected.argmax(1) == part.labels).mean()
    assert np.load(folder.artifacts / "confusion.npy").sum() == len(part) == report["labelled"]
    assert np.allclose(records["brightness"], pixels.float().mean((1, 2, 3)) / 255, atol=1e-5)
    assert np.allclose(records["contrast"], pixels.float().flatten(1).std(1, correction=0) / 255, atol=1e-4)


def test_accuracy_by_what_a_table_said_of_each_image(home: Path, model: JobFolder) -> None:
    rows = ["path,class,camera"]
    for number, path in enumerate(sorted((home / "images").rglob("*.png"))):
        rows.append(f"{path},{path.parent.name},{'nikon' if number % 3 else 'canon'}")
    (home / "table.csv").write_text("\n".join(rows))
    folder = JobFolder.create(home, Job(new_id(), "dataset", "build_dataset", "t", {}))
    options = DatasetOptions(source="manifest", folder=str(home / "table.csv"), width=10, height=10, val_percent=50)
    for _ in build_dataset(options, folder.artifacts):
        pass
    done, report = evaluated(home, model, dataset=folder.path.name, split="val")
    part, records = open_dataset(folder.artifacts).split("val"), read_results(done.artifacts)
    groups = {group["value"]: group for group in report["slices"]["camera"]}
    for camera in ("nikon", "canon"):
        mine = np.array([part.details.of(number)["camera"] == camera for number in range(len(part))])
        assert groups[camera]["count"] == mine.sum() > 0
        assert groups[camera]["right"] == (records["rank"][mine] == 0).sum()


def test_auto_is_the_validation_split_where_there_is_no_test_split(home: Path, model: JobFolder) -> None:
    folder, _ = evaluated(home, model)
    assert folder.state().artifacts["evaluation"]["split"] == "val"


def test_another_dataset_is_matched_by_class_names_and_scaled(home: Path, model: JobFolder) -> None:
    images = make_gradient_folder(home / "others", per_class=6, size=20)
    (images / "red-to-right").rename(images / "something-else")
    other = JobFolder.create(home, Job(new_id(), "dataset", "build_dataset", "other", {}))
    values = {"folder": str(images), "width": 20, "height": 20, "channels": 1, "val_percent": 0}
    for _ in build_dataset(DatasetOptions(**values), other.artifacts):
        pass
    folder, report = evaluated(home, model, dataset=other.path.name, split="train")
    assert (report["images"], report["labelled"], report["unlabelled"]) == (18, 12, 6)
    assert any("2 of the dataset's classes" in note for note in folder.state().notes)


def test_a_folder_with_broken_images_names_them_and_goes_on(home: Path, model: JobFolder, tmp_path: Path) -> None:
    shutil.copytree(home / "images", tmp_path / "many")
    (tmp_path / "many" / "red-to-right" / "0000.png").write_bytes(b"no image at all")
    (tmp_path / "many" / "loose.png").write_bytes((home / "images" / "red-to-right" / "0001.png").read_bytes())
    folder, report = evaluated(home, model, images="folder", path=str(tmp_path / "many"), batch_size=7)
    assert (report["images"], report["unreadable"], report["unlabelled"]) == (61, 1, 1)
    (failure,) = read_failures(folder.artifacts)
    assert failure["path"].endswith("red-to-right/0000.png")
    assert failure["reason"]
    assert read_results(folder.artifacts)["predicted"][failure["index"]] == NONE


def test_a_list_agrees_with_one_by_one_and_tolerates_impossible_classes(
    home: Path, model: JobFolder, tmp_path: Path
) -> None:
    files = sorted((home / "images").rglob("*.png"))[::9]
    labels = ["0", "-1", "99", "green-to-top", "", "2", "1"]
    lines = [f"{path.relative_to(home)} {label}" for path, label in zip(files, labels, strict=True)]
    (tmp_path / "list.txt").write_text("\n".join([*lines, "gone.png 1", ""]))
    folder, report = evaluated(home, model, images="list", path=str(tmp_path / "list.txt"), image_folder=str(home))
    records = read_results(folder.artifacts)
    assert records["label"].tolist() == [0, NONE, NONE, 1, NONE, 2, 1, 1]
    assert report["unreadable"] == 1
    assert any("2 numbers of classes are out of range" in note for note in folder.state().notes)
    for record, path in zip(records, files, strict=False):
        (alone,) = classify({"folder": str(model.path), "top": 3, "paths": [str(path)]}, [])[0]["predictions"]
        assert record["top"][:3].tolist() == [one["index"] for one in alone]
        assert record["probability"][:3].tolist() == pytest.approx([one["probability"] for one in alone], abs=1e-5)


def test_a_list_may_not_lead_out_of_the_roots(home: Path, model: JobFolder, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    image = next((home / "images").rglob("*.png"))
    shutil.copy(image, inside / "a.png")
    (inside / "list.txt").write_text(f"a.png 0\n{image} 0\n../../etc/passwd 0\n")
    folder, report = evaluated(home, model, images="list", path=str(inside / "list.txt"), roots=[str(inside)])
    assert (report["images"], report["unreadable"]) == (3, 2)
    assert all("outside the folders" in failure["reason"] for failure in read_failures(folder.artifacts))


def test_an_empty_list_ends_in_a_sentence(home: Path, model: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\n\n")
    folder = ordered(home, model, images="list", path=str(tmp_path / "list.txt"))
    assert work(folder) == 1
    assert "names no image" in folder.state().error


def test_a_damaged_record_is_a_failure_of_its_own(home: Path, model: JobFolder) -> None:
    import lmdb

    other = JobFolder.create(home, Job(new_id(), "dataset", "build_dataset", "damaged", {}))
    values = {"folder": str(home / "images"), "width": 10, "height": 10}
    for _ in build_dataset(DatasetOptions(**values), other.artifacts):
        pass
    with lmdb.open(str(other.artifacts / "val"), max_readers=1) as database, database.begin(write=True) as change:
        change.put((3).to_bytes(8, "big"), b"\x89PNG\r\n\x1a\nbroken")
    folder, report = evaluated(home, model, dataset=other.path.name, split="val")
    assert report["unreadable"] == 1
    assert read_failures(folder.artifacts)[0]["index"] == 3


@pytest.mark.process
def test_a_killed_worker_goes_on_after_the_last_whole_batch(home: Path, model: JobFolder) -> None:
    """SIGKILL in the middle, a torn record at the end: the second worker's results are those of an undisturbed one."""
    reference, _ = evaluated(home, model, split="train", batch_size=4)
    folder = ordered(home, model, split="train", batch_size=4)
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from models.evaluation import run; from jobs.folder import JobFolder; from jobs.worker import work\n"
        "keep = run._keep\n"
        "run._keep = lambda *args: (keep(*args), os.kill(os.getpid(), 9) if args[0].done >= 12 else 0)\n"
        "work(JobFolder(Path(sys.argv[1])))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(folder.path)], env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert ended.returncode == -signal.SIGKILL
    assert len(read_results(folder.artifacts)) == 12
    with (folder.artifacts / "results.bin").open("ab") as file:
        file.write(b"torn")
    assert work(folder) == 0, folder.state().error
    assert any("after 12 images" in note for note in folder.state().notes)
    for name in ("results.bin", "scores.bin", "report.json", "confusion.npy"):
        one, two = ((place.artifacts / name).read_bytes() for place in (reference, folder))
        assert one == two, name
    assert folder.state().artifacts["tally"] == reference.state().artifacts["tally"]


def test_going_on_with_another_checkpoint_is_refused(home: Path, model: JobFolder) -> None:
    folder, _ = evaluated(home, model, split="val")
    path = folder.artifacts / "evaluation.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "count": 7}))
    assert work(folder) == 1
    assert "have changed" in folder.state().error


def test_scores_and_results_are_cut_to_the_same_length(tmp_path: Path) -> None:
    results = Results(tmp_path, 2, scores=True)
    loaded = Loaded(
        0, np.array([0, 1], np.int32), np.array([True, False]), np.zeros((1, 2, 2, 1), np.uint8), [Failure(1, "x", "y")]
    )
    judged = records_of(loaded, np.log(np.array([[0.25, 0.75]], np.float32)))
    results.append(judged.records, judged.probabilities, judged.failures)
    results.append(judged.records, judged.probabilities, [replace(judged.failures[0], index=3)])
    os.truncate(tmp_path / "scores.bin", 3 * 8 + 5)
    again = Results(tmp_path, 2, scores=True)
    assert again.done == 3
    assert (tmp_path / "scores.bin").stat().st_size == 24
    assert [failure["index"] for failure in read_failures(tmp_path)] == [1]
    record = read_results(tmp_path)[0]
    assert (record["rank"], record["predicted"], record["confidence"]) == (1, 1, np.float32(0.75))
    assert record["top"].tolist() == [1, 0, NONE, NONE, NONE]


def test_equal_scores_go_to_the_lowest_class() -> None:
    loaded = Loaded(0, np.array([2], np.int32), np.array([True]), np.zeros((1, 1, 1, 1), np.uint8), [])
    record = records_of(loaded, np.log(np.full((1, 4), 0.25, np.float32))).records[0]
    assert (record["predicted"], record["rank"], record["top"].tolist()) == (0, 2, [0, 1, 2, 3, NONE])


def test_lines_of_a_list() -> None:
    names = ClassNames(["cat", "wild_dog"])
    assert split_line("a b.png", names) == ("a b.png", NONE)
    assert split_line("a b.png 1", names) == ("a b.png", 1)
    assert split_line("a.png,cat", names) == ("a.png", 0)
    assert split_line("a.png\tcat", names) == ("a.png", 0)
    assert split_line("a.png 7", names) == ("a.png", NONE)
    assert names.outside == 1


def test_paths_of_neighbours_are_read_at_once_and_are_the_same(tmp_path: Path) -> None:
    names = [
        "/a/plain.png",
        "/a/comma, and space.png",
        "/a/line\nbreak.png",
        "/a/\udcff.png",
        '/a/"quoted"\\.png',
        "/a/ü.png",
    ]
    items = Items.write(tmp_path / "items", ((name, number) for number, name in enumerate(names)))
    assert items.paths(range(1, 5)) == names[1:5] == items.paths([1, 2, 3, 4])
    assert items.paths(range(6)) == names
    assert items.paths(range(2, 2)) == []


def test_a_link_among_many_images_of_an_allowed_folder_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("in/a.png", "out/b.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out" / "b.png")
    (tmp_path / "in" / "door").symlink_to(tmp_path / "out")
    roots = (str(tmp_path / "in"),)
    assert guarded(str(tmp_path / "in" / "a.png"), roots)
    for name in ("in/link.png", "in/door/b.png", "in/../out/b.png", "out/b.png", "in/a\0.png"):
        with pytest.raises(UserError):
            guarded(str(tmp_path / name), roots)
