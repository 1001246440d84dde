"""Sources that mean harm, or are only wrong, through the page and REST: each gets an error, and the server goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.services import asked
from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset
from tests.data.factory import make_gradient_folder

pytestmark = pytest.mark.process

NET = """
import os, sys
import torch
from torch import nn
{top}

class Net(nn.Module):
    def __init__(self, channels, classes, height, width):
        super().__init__()
        {init}
        self.fc = nn.Linear(channels * height * width, classes)

    def forward(self, x):
        {forward}
        return self.fc(x.flatten(1))
"""
OUTSIDE = "/tmp/foveal-safety-test"


def network(top: str = "", init: str = "pass", forward: str = "pass") -> str:
    """A small network with something in a place where it does not belong."""
    return NET.format(top=top, init=init, forward=forward)


HARM = {
    "a loop at import": (network(top="while True: pass"), "took longer than"),
    "a loop in forward": (network(forward="while True: pass"), "took longer than"),
    "a loop that holds the lock": (network(top="pow(3, 10**9)"), "took longer than"),
    "a huge tensor": (network(init="self.w = torch.ones(10**11, device='cpu')"), "not that much memory"),
    "a huge layer": (network(init="self.w = nn.Linear(10**6, 10**6)"), "too many"),
    "a huge text": (network(top="x = 'a' * 10**13"), "more memory than the server gives"),
    "a program at import": (network(top=f"os.system('touch {OUTSIDE}')"), "may not start other programs"),
    "a program in forward": (network(forward="import subprocess; subprocess.run(['id'])"), "may not start other"),
    "a fork bomb": (network(top="while True: os.fork()"), "may not start other programs"),
    "recursion": (network(top="def f(): return f()\nf()"), "recursion"),
    "recursion without a limit": (
        network(top="sys.setrecursionlimit(10**9)\ndef f(): return [*map(lambda _: f(), [0])]\nf()"),
        "SIGSEGV",
    ),
    "sys.exit": (network(top="sys.exit(3)"), "SystemExit"),
    "os._exit": (network(top="os._exit(0)"), "ended with exit code 0"),
    "the network": (
        network(top="import socket\nsocket.create_connection(('127.0.0.1', 22))"),
        "may not use the network",
    ),
    "writing": (network(top=f"open('{OUTSIDE}', 'w')"), "may not write to"),
    "killing the server": (network(top="os.kill(os.getppid(), 9)"), "may not send signals"),
    "no Python": ("class Net(", "SyntaxError"),
}


SLOW = ("a loop in forward", "a loop that holds the lock", "os._exit")  # each costs an inspector, as others here do
MARKS = {name: pytest.mark.slow for name in SLOW}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[tuple[Lab, str]]:
    root = tmp_path_factory.mktemp("root")
    images = make_gradient_folder(root / "set", per_class=4)
    lab = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(root,))
    dataset = built_dataset(lab, images)
    lab.client("olga").post("/api/v1/models/check", json={"dataset": dataset.id, "network": "lenet"})  # warm
    yield lab, dataset.id
    lab.ctx.inspectors.close()
    lab.store.engine.dispose()


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in HARM])
def test_harm_is_answered_in_words_and_the_server_goes_on(
    server: tuple[Lab, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, dataset = server
    source, words = HARM[name]
    monkeypatch.setattr(asked, "DEADLINE", 2.0)
    Path(OUTSIDE).unlink(missing_ok=True)
    values = {"dataset": dataset, "network": "custom", "source": source}
    answer = lab.client("olga").post("/api/v1/models/check", json=values)
    assert answer.status_code in (422, 503, 504), answer.text  # from 500: its inspector had to go
    assert words in answer.json["detail"], answer.text
    assert "Traceback" not in answer.text
    assert not Path(OUTSIDE).exists()


def test_after_all_of_it_a_page_and_a_check_are_answered(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    page = lab.client("olga").post("/models/check", data={"dataset": dataset, "network": "lenet"})
    assert "Fits:" in page.text


def test_other_requests_are_answered_while_a_source_hangs(
    server: tuple[Lab, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, dataset = server
    monkeypatch.setattr(asked, "DEADLINE", 4.0)
    values = {"dataset": dataset, "network": "custom", "source": network(top="while True: pass")}
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(lab.client("olga").post, "/api/v1/models/check", json=values)
        time.sleep(0.5)
        assert lab.client("sam").get("/api/v1/jobs").status_code == 200
        good = lab.client("sam").post("/api/v1/models/check", json={"dataset": dataset, "network": "lenet"})
        assert good.status_code == 200, good.text
        assert not hanging.done()
        assert "took longer" in hanging.result().text
