"""The pre-flight through the page and REST with a real inspector, for an unfinished and a finished dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset
from tests.data.factory import make_gradient_folder

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[tuple[Lab, dict[str, object]]]:
    root = tmp_path_factory.mktemp("root")
    images = make_gradient_folder(root / "set", per_class=8)
    lab = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(root,))
    dataset = built_dataset(lab, images, width=28, height=28)
    yield lab, {"dataset": dataset.id, "network": "lenet", "batch_size": 4}
    lab.ctx.inspectors.close()
    lab.store.engine.dispose()


def test_the_estimate_over_rest_and_as_a_card(server: tuple[Lab, dict[str, object]]) -> None:
    lab, form = server
    answer = lab.client("olga").post("/api/v1/models/preflight", json=form)
    assert answer.status_code == 200, answer.text
    found = answer.json
    assert found["steps"] == 5  # 18 training images, 4 a step; the last one has 2
    assert found["fits"] is True
    assert found["largest_batch"] == 18
    assert found["resident"] == 18 * 28 * 28 * 3
    fields = {layer["name"]: layer["receptive_field"] for layer in found["layers"]}
    assert fields == {
        "conv1": [5, 5],
        "pool1": [6, 6],
        "conv2": [14, 14],
        "pool2": [16, 16],
        "fc1": "all",
        "fc2": "all",
    }
    page = lab.client("olga").post("/models/preflight", data=form)
    assert "16 × 16 px at pool2" in page.text


def test_some_steps_are_measured(server: tuple[Lab, dict[str, object]]) -> None:
    lab, form = server
    answer = lab.client("olga").post("/api/v1/models/preflight/measure", json=form)
    assert answer.status_code == 200, answer.text
    assert answer.json["limit"] in ("network", "images")
    assert answer.json["epoch"] > 0
    page = lab.client("olga").post("/models/preflight/measure", data=form)
    assert "is the limit" in page.text


def test_an_impossible_network_is_said_in_the_card(server: tuple[Lab, dict[str, object]]) -> None:
    lab, form = server
    page = lab.client("olga").post("/models/preflight", data={**form, "network": "vgg16"})
    assert page.status_code == 200
    assert "alert-triangle" in page.text
    answer = lab.client("olga").post("/api/v1/models/preflight", json={**form, "network": "vgg16"})
    assert answer.status_code == 422


def test_steps_want_a_finished_dataset(server: tuple[Lab, dict[str, object]]) -> None:
    lab, form = server
    waiting = lab.job("dataset", options={"folder": "/x", "width": 28, "height": 28, "channels": 3})
    answer = lab.client("olga").post("/api/v1/models/preflight/measure", json={**form, "dataset": waiting.id})
    assert answer.status_code == 409
    assert "still being built" in answer.text
    estimate = lab.client("olga").post("/api/v1/models/preflight", json={**form, "dataset": waiting.id})
    assert estimate.json["steps"] is None
