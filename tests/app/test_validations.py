"""Probe images as a page and over REST: overview, one validation, the sprite of activations, what there is not."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.tables import JobRow
from models.probe.files import Validations
from tests.app.conftest import Lab
from tests.app.finished import built_dataset, model_with_checkpoint
from tests.data.factory import make_gradient_folder

CLASSES = ["blue-to-left", "green-to-top", "red-to-right"]


@pytest.fixture
def model(alone: Lab, tmp_path: Path) -> JobRow:
    """A model with two validations of three probes; only the second has activations."""
    images = make_gradient_folder(tmp_path / "images" / "gradients", per_class=8)
    dataset = built_dataset(alone, images, owner="local", val_percent=25)
    row = model_with_checkpoint(alone, dataset, owner="local")
    files = Validations(alone.store.folder(row.id).path / "validations")
    about = {
        "split": "val",
        "records": [0, 2, 4],
        "labels": [0, 1, 2],
        "classes": CLASSES,
        "layer": "conv",
        "units": [0, 1],
    }
    for step, own in ((10, [0.9, 0.2, np.nan]), (20, [0.95, 0.6, 0.7])):
        top = np.array([[0, 1], [1 if own[1] > 0.5 else 2, 0], [2, 0]], np.int32)
        sure = np.array([[own[0], 0.1], [0.6, 0.3], [0.7, 0.2]], np.float32)
        found: dict[str, Any] = {
            "own": np.asarray(own, np.float32),
            "top": top,
            "sure": sure,
            "epoch": np.asarray(step / 10),
        }
        found["matrix"] = np.diag([2, 2, step // 10]).astype(np.int32)
        if step == 20:
            found |= {"maps": np.full((3, 2, 4, 5), 128, np.uint8), "low": np.zeros(2), "high": np.ones(2)}
        files.write(step, found, about)
    return row


def test_probes_over_rest(alone: Lab, model: JobRow) -> None:
    client, address = alone.client(), f"/api/v1/models/{model.id}/validations"
    found = client.get(address).json
    assert [probe["class"] for probe in found["probes"]] == CLASSES
    assert [(one["step"], one["right"]) for one in found["validations"]] == [(10, 2), (20, 3)]
    assert found["validations"][0]["own"] == [0.9, 0.2, None]
    one = client.get(f"{address}/20").json
    assert one["answers"][1][0] == {"class": "green-to-top", "index": 1, "probability": 0.6}
    assert one["matrix"][2] == [0, 0, 2]
    assert (one["maps"]["columns"], one["maps"]["rows"]) == (2, 2)
    picture = client.get(f"{address}/20/activations")
    assert Image.open(BytesIO(picture.data)).size == (2 * 11, 2 * 4)
    assert client.get(f"{address}/10").json["maps"] is None
    for missing in ("15", "10/activations"):
        assert client.get(f"{address}/{missing}").status_code == 404


def test_the_page_and_what_its_script_asks_for(alone: Lab, model: JobRow) -> None:
    client = alone.client()
    text = client.get(f"/models/{model.id}/probe").text
    assert "Probe images" in text
    assert "No such" not in text
    found = client.get(f"/models/{model.id}/probe.json").json
    assert client.get(found["sprite"]["url"]).mimetype == "image/jpeg"
    assert client.get(f"/models/{model.id}/probe/10.json").json["step"] == 10
    assert client.get(f"/models/{model.id}/probe/20.png").mimetype == "image/png"


def test_a_model_that_followed_nothing_says_so(alone: Lab, tmp_path: Path) -> None:
    images = make_gradient_folder(tmp_path / "images" / "gradients", per_class=4)
    row = model_with_checkpoint(alone, built_dataset(alone, images, owner="local"), owner="local")
    assert "followed no images" in alone.client().get(f"/models/{row.id}/probe").text
    assert alone.client().get(f"/api/v1/models/{row.id}/validations").json["validations"] == []
