"""Network files through page and REST with a real inspector, and sources that only tracing can draw."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.app.conftest import Lab, make_lab
from tests.models.foreign.test_program import exported

pytestmark = pytest.mark.process

TRACED = """
import torch
from torch import nn


def layers(n):
    return {f"conv{i}": nn.Conv2d(3 if i == 0 else 8, 8, 3, padding=1) for i in range(n)}


Net = type("Net", (nn.Module,), {})


def build(self, classes):
    nn.Module.__init__(self)
    for name, layer in layers(3).items():
        setattr(self, name, layer)
    self.fc = nn.Linear(8, classes)


def run(self, x):
    for name in sorted(n for n, _ in self.named_children() if n != "fc"):
        x = torch.relu(getattr(self, name)(x))
    return self.fc(x.mean((2, 3)))


Net.__init__ = build
Net.forward = run
Net.__module__ = __name__
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[tuple[Lab, Path]]:
    root = tmp_path_factory.mktemp("root")
    exported("lenet", root / "lenet.pt2", side=28)
    lab = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(root,))
    yield lab, root
    lab.ctx.inspectors.close()
    lab.store.engine.dispose()


def test_an_uploaded_program_is_drawn(server: tuple[Lab, Path]) -> None:
    lab, root = server
    content = (root / "lenet.pt2").read_bytes()
    sent = lab.client("olga").post("/networks/file", data={"file": (BytesIO(content), "my lenet.pt2")})
    path = sent.json["path"]
    answer = lab.client("olga").post("/api/v1/networks/files/draw", json={"file": path})
    assert answer.status_code == 200, answer.text
    assert answer.json["title"] == "my lenet.pt2"
    assert [layer["name"] for layer in answer.json["layers"]] == [
        "conv1", "pool1", "conv2", "pool2", "flatten", "fc1", "relu", "fc2",
    ]  # fmt: skip
    assert {node["locked"] is not None for node in answer.json["picture"]["nodes"] if node["type"] == "layer"} == {True}
    picture = lab.client("olga").post("/api/v1/networks/files/picture", json={"file": path})
    assert picture.text.startswith("<svg")
    page = lab.client("olga").get("/networks/file", query_string={"path": path})
    assert "nn.Conv2d" in page.text
    assert lab.client("sam").post("/api/v1/networks/files/draw", json={"file": path}).status_code == 422


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("broken.pt2", b"PK no", "cannot be read"),
        ("broken.onnx", b"no", "cannot be read"),
        ("a.h5", b"x", "must end in"),
    ],
)
def test_what_cannot_be_drawn_is_said(server: tuple[Lab, Path], name: str, content: bytes, words: str) -> None:
    lab, root = server
    (root / name).write_bytes(content)
    answer = lab.client("olga").post("/api/v1/networks/files/draw", json={"file": str(root / name)})
    assert answer.status_code == 422
    assert words in answer.text
    page = lab.client("olga").get("/networks/file", query_string={"path": str(root / name)})
    assert page.status_code == 200
    assert words in page.text


def test_a_source_that_reading_cannot_follow_is_traced_in_the_inspector(server: tuple[Lab, Path]) -> None:
    """Its classes are made by running it: only torch.fx sees the layers."""
    lab, _ = server
    images = {"channels": 3, "height": 32, "width": 32, "classes": 10}
    report, _ = lab.ctx.inspectors.ask("describe_network", {"source": TRACED, **images})
    assert report["graph"]["origin"] == "fx"
    modules = [node["module"] for node in report["graph"]["nodes"] if node["kind"] == "layer"]
    assert modules == ["conv0", "conv1", "conv2", "fc"]
    assert report["totals"]["parameters"] == 224 + 584 + 584 + 90
