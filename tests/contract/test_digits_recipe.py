"""The recipe of DIGITS's docs/API.md (digits.md 2.3), one step after another, with curl as the documents have it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import LABELS, SIZE

pytestmark = [pytest.mark.process, pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")]


def curl(*arguments: str) -> str:
    """What curl prints; it must succeed."""
    done = subprocess.run(["curl", "-sS", "--max-time", "60", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def fetch(url: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(curl(url, *arguments))
    return found


def poll(address: str) -> str:
    """Ask for the status until the job has ended."""
    for _ in range(900):
        status = fetch(f"{address}/status")["status"]
        if status in ("Done", "Aborted", "Error"):
            return str(status)
        time.sleep(0.1)
    raise AssertionError("the job did not end")


def test_the_recipe_of_the_documents(server: str, images: Path, tmp_path: Path) -> None:
    cookies = str(tmp_path / "cookies")
    curl(f"{server}/login", "-c", cookies, "-XPOST", "-F", "username=fred")
    assert "fred" in Path(cookies).read_text()

    created = fetch(
        f"{server}/datasets/images/classification.json", "-b", cookies, "-XPOST",
        "-F", f"folder_train={images / 'set'}", "-F", "encoding=png", "-F", "resize_channels=3",
        "-F", f"resize_width={SIZE}", "-F", f"resize_height={SIZE}", "-F", "method=folder",
        "-F", "dataset_name=recipe_dataset",
    )  # fmt: skip
    dataset = created["id"]
    assert poll(f"{server}/datasets/{dataset}") == "Done"
    shown = fetch(f"{server}/datasets/{dataset}.json")
    (parsed,) = shown["ParseFolderTasks"]
    assert (parsed["label_count"], parsed["train_count"] + parsed["val_count"]) == (3, 30)
    assert [task["entries"] for task in shown["CreateDbTasks"]] == [parsed["train_count"], parsed["val_count"]]
    assert dataset in [entry["id"] for entry in fetch(f"{server}/index.json")["datasets"]]

    created = fetch(
        f"{server}/models/images/classification.json", "-b", cookies, "-XPOST",
        "-F", "method=standard", "-F", "standard_networks=lenet", "-F", "train_epochs=20", "-F", "framework=caffe",
        "-F", "model_name=recipe_lenet", "-F", f"dataset={dataset}", "-F", "batch_size=8",
    )  # fmt: skip
    model = created["id"]
    assert poll(f"{server}/models/{model}") == "Done"
    shown = fetch(f"{server}/models/{model}.json")
    assert (shown["status"], shown["username"], shown["snapshots"][-1]) == ("Done", "fred", 20)
    assert shown["snapshot file"] != "no snapshots"

    image = images / "test" / "green-to-top" / "0000.png"
    answer = fetch(
        f"{server}/models/images/classification/classify_one.json",
        "-XPOST", "-F", f"job_id={model}", "-F", f"image_file=@{image}",
    )  # fmt: skip
    assert answer["predictions"][0][0] == "green-to-top"

    listed = tmp_path / "val.txt"
    listed.write_text("".join(f"{images}/test/{label}/0000.png {number}\n" for number, label in enumerate(LABELS)))
    answer = fetch(
        f"{server}/models/images/classification/classify_many.json",
        "-XPOST", "-F", f"job_id={model}", "-F", f"image_list=@{listed}",
    )  # fmt: skip
    firsts = {Path(path).parent.name: found[0][0] for path, found in answer["classifications"].items()}
    assert firsts == {label: label for label in LABELS}

    archive = tmp_path / "model.tar.gz"
    curl(f"{server}/models/{model}/download.tar.gz", "-o", str(archive))
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    info = json.loads((tmp_path / "unpacked" / "info.json").read_text())
    assert (tmp_path / "unpacked" / info["labels file"]).read_text().split() == list(LABELS)
    assert (tmp_path / "unpacked" / info["snapshot file"]).stat().st_size > 0

    assert curl(f"{server}/models/{model}", "-b", cookies, "-XDELETE") == "Job deleted."
