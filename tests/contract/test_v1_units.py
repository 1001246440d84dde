"""The inside of a trained model over REST: layers, weights, activations, explanations, synthetic images."""

from __future__ import annotations

import base64
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

pytestmark = pytest.mark.process
RECORD = {"record": {"split": "val", "index": 1}}


class Model:
    """A trained LeNet at its address."""

    def __init__(self, server: str, job: str) -> None:
        self.url = f"{server}/api/v1/models/{job}"
        self.server = server

    def get(self, path: str, /, **query: Any) -> requests.Response:
        return requests.get(f"{self.url}/{path}", params=query, timeout=60)

    def post(self, path: str, /, **body: Any) -> requests.Response:
        return requests.post(f"{self.url}/{path}", json=body, timeout=90)


@pytest.fixture
def inside(server: str, model: str) -> Model:
    return Model(server, model)


def npy(text: str) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = np.load(BytesIO(base64.b64decode(text)), allow_pickle=False)
    return found


def picture(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def test_layers_and_weights(inside: Model) -> None:
    found = inside.get("units").json()
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert list(layers)[:4] == ["conv1", "pool1", "conv2", "pool2"]
    assert layers["conv2"]["weights"] == [50, 20, 5, 5]
    assert found["classes"] == ["blue-to-left", "green-to-top", "red-to-right"]
    facts = inside.get("layers/conv1/weights").json()
    values = np.load(BytesIO(inside.get("layers/conv1/weights.npy").content))
    assert values.shape == (20, 3, 5, 5)
    assert facts["figures"]["mean"] == pytest.approx(float(values.mean()), abs=1e-6)
    assert sum(facts["figures"]["histogram"]["counts"]) == values.size
    assert facts["colours"] == "colour"
    assert facts["norms"] == pytest.approx(np.linalg.norm(values.reshape(20, -1), axis=1).tolist(), abs=1e-5)
    sheet = picture(inside.get("layers/conv1/weights.png").content)
    assert sheet.width == facts["sheet"]["columns"] * facts["sheet"]["cell"]
    assert picture(inside.get("layers/fc1/weights.png", matrix=1).content).width > 100
    assert inside.get("layers/pool1/weights").status_code == 422
    assert inside.get("layers/nothing/weights").json()["hint"] == "See the list of its layers."
    assert inside.get("layers/conv1/weights", unit=20).status_code == 422
    assert inside.get("layers/conv1/weights", first=20).json()["detail"] == "conv1 has 20 units, so none is 20."


def test_what_layers_make_of_an_image(inside: Model) -> None:
    found = inside.post("activations", **RECORD, order="activation", contributions=True).json()
    assert picture(base64.b64decode(found["seen"])).size == (20, 20)
    assert found["predictions"][0]["probability"] > 0.4
    conv = next(layer for layer in found["layers"] if layer["name"] == "conv2")
    most = conv["values"]["most"]
    assert most == sorted(most, reverse=True)
    assert sorted(conv["order"]) == list(range(50))
    values = np.load(BytesIO(inside.post("layers/conv2/activations.npy", **RECORD).content))
    assert values.shape == tuple(conv["shape"])
    assert most[0] == pytest.approx(float(values.max()), abs=1e-4)
    own = np.load(BytesIO(inside.post("layers/conv2/activations.npy", **RECORD, unit=conv["order"][0]).content))
    assert float(own.max()) == pytest.approx(most[0], abs=1e-4)
    output = found["layers"][-1]
    assert output["values"]["mean"][0] == pytest.approx(found["predictions"][0]["score"], abs=1e-4)


def test_maps_of_every_method_for_files_and_records(inside: Model, images: Path) -> None:
    methods = requests.get(f"{inside.server}/api/v1/attribution-methods", timeout=60).json()
    names = [method["name"] for method in methods]
    assert {"gradient", "lrp", "guided", "deconvnet", "grad_cam", "integrated_gradients", "occlusion"} <= set(names)
    assert [method["name"] for method in methods if method["insensitive"]] == ["guided", "deconvnet"]
    asked = [{"name": name} for name in names]
    found = inside.post("attributions", **RECORD, methods=asked, target={"kind": "difference", "index": 0, "other": 2})
    answers = {made["name"]: made for made in found.json()["methods"]}
    for name, made in answers.items():
        if "error" in made:
            assert name in ("guided", "deconvnet"), made
            continue
        assert npy(made["values"]).shape == (20, 20)
        assert picture(base64.b64decode(made["picture"])).size == (20, 20)
    whole = answers["lrp"]["completeness"]
    assert whole["found"] + whole["constants"] == pytest.approx(found.json()["value"], rel=1e-3, abs=1e-4)
    assert float(npy(answers["lrp"]["values"]).sum()) == pytest.approx(whole["found"], rel=1e-3, abs=1e-4)
    file = next((images / "set").glob("*/*"))
    of_file = requests.post(
        f"{inside.url}/attributions",
        files={"image": file.read_bytes()},
        data={"methods": '[{"name": "lrp", "options": {"preset": "epsilon"}}]',
              "target": '{"kind": "unit", "layer": "conv2", "index": 3, "position": [1, 1]}'},
        timeout=60,
    ).json()  # fmt: skip
    assert of_file["target"]["layer"] == "conv2"
    assert of_file["methods"][0]["completeness"]["error"] < 1e-3
    as_path = inside.post("attributions", path=str(file), methods=[{"name": "lrp", "options": {"gamma": -1}}]).json()
    assert "gamma" in as_path["methods"][0]["fields"]


def test_wrong_targets_are_refused_in_words(inside: Model) -> None:
    for target, words in (
        ({"kind": "class", "index": 9}, "There is no class 9"),
        ({"kind": "unit", "layer": "conv7"}, "no layer conv7"),
        ({"kind": "unit", "layer": "conv1", "index": 20}, "has 20 units"),
        ({"kind": "difference", "index": 1}, "Which class"),
    ):
        answer = inside.post("attributions", **RECORD, target=target)
        assert answer.status_code == 422
        assert words in answer.json()["detail"]
    assert inside.post("attributions").json()["errors"][0]["field"] == "image"
    assert inside.post("attributions", path="/etc/passwd").status_code in (403, 404, 422)


def test_an_explanation_is_examined(inside: Model) -> None:
    found = inside.post("attributions/grade", **RECORD, method="lrp").json()
    assert len(found["curves"]["deletion"]["values"]) == len(found["curves"]["deletion"]["random"]) > 5
    assert found["curves"]["deletion_gain"] > 0
    assert -1 <= found["random_weights"]["last_two"] <= 1


def test_synthetic_images_come_while_others_are_served_and_are_kept(inside: Model) -> None:
    body: dict[str, Any] = {"layer": "conv2", "units": [4, 7], "options": {"steps": 60}}
    found = inside.post("visualizations", **body).json()
    assert [unit["unit"] for unit in found["units"]] == [4, 7]
    other = {"layer": "fc1", "units": [*range(60)], "options": {"steps": 4000}}
    assert inside.post("visualizations", **other).json()["busy"]
    assert inside.post("activations", **RECORD).status_code == 200  # while both go on
    assert inside.post("visualizations/cancel", layer="fc1", options={"steps": 4000}).json() == {"cancelled": True}
    end = time.monotonic() + 60
    while found["busy"] and time.monotonic() < end:
        time.sleep(0.1)
        found = inside.post("visualizations", **body).json()
    assert [unit["steps"] for unit in found["units"]] == [60, 60]
    assert all(unit["dead"] or picture(base64.b64decode(unit["picture"])).size == (20, 20) for unit in found["units"])
    known = inside.post("visualizations", **body, have={"4": 60, "7": 60}).json()
    assert [unit["picture"] for unit in known["units"]] == [None, None]
    assert inside.post("visualizations", layer="conv2", units=[50]).status_code == 422
    assert inside.post("visualizations", **{**body, "options": {"steps": 0}}).status_code == 422


def test_digits_show_visualizations(inside: Model, server: str, model: str, images: Path) -> None:
    file = next((images / "set").glob("*/*"))
    plain, shown = (
        requests.post(
            f"{server}/models/images/classification/classify_one.json",
            data={"job_id": model, "image_path": str(file), **more},
            timeout=60,
        ).json()
        for more in ({}, {"show_visualizations": "y"})
    )
    assert list(plain) == ["predictions"]
    assert shown["predictions"] == plain["predictions"]
    rows = {(row["name"], row["vis_type"]): row for row in shown["visualizations"]}
    weights = rows["conv1", "Weights"]
    assert (weights["param_count"], weights["data_stats"]["shape"]) == (20 * 76, [20, 3, 5, 5])
    assert ("fc1", "Weights") not in rows
    counts, centres, ticks = rows["conv1", "Activation"]["data_stats"]["histogram"]
    assert (sum(counts), len(centres), len(ticks)) == (20 * 16 * 16, 20, 4)
    assert weights["image"].startswith("data:image/png;base64,")
