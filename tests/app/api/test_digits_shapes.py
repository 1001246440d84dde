"""Jobs in DIGITS's JSON, and the pure halves of classify_many."""

from __future__ import annotations

import json
from typing import Any

from app.api import digits_shapes as shapes
from app.api.digits_inference import FAILURES, named_images, written

JOB: dict[str, Any] = {
    "id": "20260101-000000-abcd", "name": "m", "status": "Running", "type": "model", "owner": "fred", "group": "g",
    "created": 100.0, "elapsed": None, "fraction": 0.999, "eta": 3.0, "error": "", "checkpoints": [], "metrics": [],
    "best": {}, "options": {"dataset": "d", "mean_subtraction": "none"}, "artifacts": {}, "summary": {},
}  # fmt: skip


def test_nothing_is_100_percent_that_is_not_done() -> None:
    assert shapes.percent(JOB) == 99
    assert shapes.percent({**JOB, "status": "Error", "fraction": 1.0}) == 99
    assert shapes.percent({**JOB, "status": "Done"}) == 100


def test_a_model_before_its_first_snapshot() -> None:
    found = shapes.model(JOB, None, "/jobs/x")
    assert (found["snapshots"], found["snapshot file"], found["mean file"]) == ([], "no snapshots", None)
    assert (found["image dimensions"], found["best epoch"], found["error"]) == ([None] * 3, None, None)


def test_a_model_with_snapshots() -> None:
    points = [{"name": "epoch-00.50", "epoch": 0.5}, {"name": "epoch-01.00", "epoch": 1.0}]
    size = {"height": 20, "width": 30, "channels": 3, "resize_mode": "fill"}
    found = shapes.model({**JOB, "checkpoints": points}, size, "/jobs/x")
    assert found["snapshots"] == [0.5, 1]
    assert found["snapshot file"] == "epoch-01.00.safetensors"
    assert (found["image dimensions"], found["image resize mode"]) == ([20, 30, 3], "fill")


def test_rows_name_outputs_as_digits_does() -> None:
    curve = {"points": 3, "last": 0.5, "min": 0.1, "max": 0.9}
    summary = {"curves": {"train/loss": curve, "val/accuracy": curve, "learning_rate": curve, "gpu/0/load": curve}}
    row = shapes.row({**JOB, "summary": summary}, "d")
    assert (row["loss (train) last"], row["accuracy (val) max"]) == (0.5, 0.9)
    assert shapes.output_fields([row]) == ["accuracy (val)", "loss (train)"]
    assert (row["elapsed"], row["dataset_id"], row["sparkline"]) == (0, "d", [])


def test_folders_and_the_splits_that_come_out_of_them() -> None:
    assert shapes.parsed_folders({"val_percent": 25, "test_percent": 0}) == [["train", "val"]]
    assert shapes.parsed_folders({"val_folder": "/v", "test_percent": 5}) == [["train", "test"], ["val"]]
    assert shapes.parsed_folders({"val_folder": "/v", "test_folder": "/v"}) == [["train"], ["val", "test"]]


def test_a_dataset_that_is_not_read_yet_has_tasks_without_counts() -> None:
    options = {"val_percent": 25, "width": 30, "height": 20, "channels": 1, "encoding": "raw"}
    found = shapes.dataset({**JOB, "type": "dataset", "options": options}, "/jobs/x")
    assert found["ParseFolderTasks"][0]["label_count"] is None
    first, second = found["CreateDbTasks"]
    assert (first["name"], second["name"]) == ("Create DB (train)", "Create DB (val)")
    assert (first["entries"], first["image_width"], first["image_height"]) == (None, 30, 20)
    assert (first["encoding"], first["image_channels"]) == ("none", 1)


def test_labels_and_percents_of_a_prediction() -> None:
    classes = [{"class": "great_white", "probability": 0.98765}, {"class": "b", "probability": 0.01235}]
    assert shapes.prediction(classes) == [["great white", 98.77], ["b", 1.23]]


def test_lines_of_an_image_list() -> None:
    lines = ["a.png 3\n", "\n", "  b c.png   -1 ", "/abs/d.png 1000", "e 12.png", "f.png\t7\r\n"]
    paths = ["/x/a.png", "/x/b c.png", "/abs/d.png", "/x/e 12.png", "/x/f.png"]
    assert list(named_images(lines, "/x")) == list(zip(paths, [3, -1, 1000, None, 7], strict=True))
    assert list(named_images(lines, "", 2)) == [("a.png", 3), ("b c.png", -1)]
    assert list(named_images([])) == []


def test_the_pieces_of_a_long_answer_are_one_json() -> None:
    batches = [({}, {"x": "no"}), ({"a": [["l", 1.0]], 'b"': []}, {}), ({}, {}), ({"c": []}, {"y": "no"})]
    found = json.loads("".join(written(batches)))
    assert found == {
        "classifications": {"a": [["l", 1.0]], 'b"': [], "c": []},
        "failed": {"x": "no", "y": "no"},
        "failures": 2,
    }
    assert json.loads("".join(written([])))["classifications"] == {}


def test_failures_beyond_the_first_thousand_are_only_counted() -> None:
    batches = (({}, {f"{part}-{number}": "no" for number in range(64)}) for part in range(20))
    found = json.loads("".join(written(batches)))
    assert (len(found["failed"]), found["failures"]) == (FAILURES, 20 * 64)
