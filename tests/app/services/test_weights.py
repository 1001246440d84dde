"""Starting weights through pages, REST and a real inspector: the table, uploads, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.networks import networks
from models.source_loader import load_network
from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset, model_with_checkpoint
from tests.data.factory import make_gradient_folder

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[tuple[Lab, str, Path]]:
    """A lab with a dataset, and a weight file inside its roots."""
    root = tmp_path_factory.mktemp("root")
    images = make_gradient_folder(root / "set", per_class=4)
    lab = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(root,))
    dataset = built_dataset(lab, images)
    lenet = load_network(networks["lenet"].source, channels=3, height=16, width=16, classes=3)
    save_file(lenet.state_dict(), root / "lenet.safetensors")
    model_with_checkpoint(lab, dataset)
    yield lab, dataset.id, root
    lab.ctx.inspectors.close()
    lab.store.engine.dispose()


def test_the_table_over_rest_and_in_the_page(server: tuple[Lab, str, Path]) -> None:
    lab, dataset, root = server
    values = {
        "dataset": dataset,
        "network": "lenet",
        "weights_file": str(root / "lenet.safetensors"),
        "freeze": "conv1",
    }
    answer = lab.client("olga").post("/api/v1/models/weights", json=values)
    assert answer.status_code == 200, answer.text
    assert answer.json["weights"]["strict"] is True
    assert [layer["name"] for layer in answer.json["layers"] if layer["frozen"]] == ["conv1"]
    page = lab.client("olga").post("/models/weights", data=values)
    assert "lenet.safetensors" in page.text
    assert 'aria-label="Freeze conv1" checked' in page.text


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"weights_file": "/etc/passwd"}, "weights_file", "outside"),
        ({"weights_file": "{root}/none.pt"}, "weights_file", "does not exist"),
        ({"pretrained": "Nothing_Weights.V1"}, "pretrained", "torchvision has no weights"),
        ({"freeze": "conv9"}, "freeze", "no layer conv9"),
        ({"rate_factors": "conv1 = fast"}, "rate_factors", "above 0"),
        ({"start_from": "20200101-000000-0000"}, "start_from", "no model"),
    ],
)
def test_a_model_that_cannot_start_so_is_refused_with_the_field(
    server: tuple[Lab, str, Path], values: dict[str, str], field: str, words: str
) -> None:
    lab, dataset, root = server
    given = {name: text.format(root=root) for name, text in values.items()}
    answer = lab.client("olga").post("/api/v1/models", json={"dataset": dataset, "network": "lenet", **given})
    assert answer.status_code in (404, 422), answer.text
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert words in answer.json["errors"][0]["message"]
    page = lab.client("olga").post("/models/weights", data={"dataset": dataset, "network": "lenet", **given})
    assert words in page.text


def test_a_private_models_weights_are_nobody_elses(server: tuple[Lab, str, Path]) -> None:
    lab, dataset, _ = server
    row = lab.store.get(dataset, anyone=True)
    assert row is not None
    secret = model_with_checkpoint(lab, row, visibility="private")
    values = {"dataset": dataset, "network": "lenet", "start_from": secret.id}
    assert "There is no model" in lab.client("sam").post("/api/v1/models/weights", json=values).text


def test_an_uploaded_file_lies_in_its_owners_folder_and_is_used_from_there(server: tuple[Lab, str, Path]) -> None:
    lab, dataset, root = server
    content = (root / "lenet.safetensors").read_bytes()
    sent = lab.client("olga").post("/models/weights/files", data={"file": (BytesIO(content), "../my net.safetensors")})
    path = sent.json["path"]
    assert path.startswith(str(lab.ctx.settings.home / "uploads" / "olga"))
    assert path.endswith("/my net.safetensors")
    values = {"dataset": dataset, "network": "lenet", "weights_file": path}
    assert lab.client("olga").post("/api/v1/models/weights", json=values).json["weights"]["strict"] is True
    assert lab.client("sam").post("/api/v1/models/weights", json=values).status_code == 422
    raw = lab.client("olga").post("/api/v1/models/weights/files?filename=w.pt", data=content)
    assert (raw.status_code, raw.json["path"].endswith("/w.pt")) == (201, True)


@pytest.mark.parametrize("name", ["notes.txt", ".pt", "w.pkl"])
def test_other_files_are_not_taken(server: tuple[Lab, str, Path], name: str) -> None:
    lab, _, _ = server
    answer = lab.client("olga").post(f"/api/v1/models/weights/files?filename={name}", data=b"x")
    assert answer.status_code == 422
    assert "must end in" in answer.text


def test_a_file_that_would_run_code_is_refused_and_costs_nothing(server: tuple[Lab, str, Path]) -> None:
    lab, dataset, root = server
    torch.save(torch.nn.Linear(2, 2), root / "whole.pt")
    values = {"dataset": dataset, "network": "lenet", "weights_file": str(root / "whole.pt")}
    answer = lab.client("olga").post("/api/v1/models/weights", json=values)
    assert answer.status_code == 422
    assert "opening it could run code" in answer.text
