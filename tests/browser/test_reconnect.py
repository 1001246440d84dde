"""The web dies while a model trains and comes back: the open page goes on by itself, without gap or doubled point."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from benchmarks import _server
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]

SHOWN = """() => {
  const found = Bokeh.documents.map((made) => made.get_model_by_name("train/loss")).filter(Boolean).at(-1);
  return found ? [...found.data.step] : [];
}"""


def test_a_page_catches_up_when_the_web_comes_back(browser: Browser, tmp_path: Path) -> None:
    images, port = make_gradient_folder(tmp_path / "images", per_class=8), str(free_port())
    home = tmp_path / "home"
    arguments = ("--port", port, "--data-root", str(images))
    server = _server.start(home, *arguments, OMP_NUM_THREADS="1")
    try:
        model = training(server.url, images)
        page = browser.new_context().new_page()
        page.goto(f"{server.url}/models/{model}")
        page.evaluate("window.same = true")
        before = until(lambda: shown(page), 60)
        server.process.kill()
        server.process.wait(20)
        expect(page.locator("#connection-lost")).to_be_visible()
        written = steps(home, model)
        server = _server.start(home, *arguments, OMP_NUM_THREADS="1")
        expect(page.locator("#connection-lost")).to_be_hidden(timeout=30_000)
        until(lambda: status(server.url, model) == "Done", 120)
        assert steps(home, model) > written > 0, "the training went on without the web"
        expected = series(server.url, model)
        until(lambda: shown(page) == expected, 20)
        assert len(expected) > len(before)
        assert expected == sorted(set(expected))
        assert page.evaluate("window.same"), "the page was not loaded again"
        page.context.close()
    finally:
        server.stop()


def free_port() -> int:
    """A port that a server may take twice."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def training(url: str, images: Path) -> str:
    """A model of some 20 s: ResNet-18 on small pictures, fewer steps than points that a page keeps."""
    sizes = {"width": 32, "height": 32, "val_percent": 25}
    dataset = created(url, "datasets", folder=str(images), **sizes)
    until(lambda: status(url, dataset) == "Done", 60)
    options = {"network": "resnet18", "epochs": 100, "batch_size": 6, "validation_interval": 20}
    return created(url, "models", dataset=dataset, checkpoint_interval=0, **options)


def created(url: str, kind: str, **values: Any) -> str:
    """A new job's id."""
    answer = requests.post(f"{url}/api/v1/{kind}", json=values, timeout=60)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def status(url: str, job: str) -> str:
    """What REST says; a job that failed ends the test."""
    found = requests.get(f"{url}/api/v1/jobs/{job}", timeout=30).json()
    assert found["status"] != "Error", found
    return str(found["status"])


def shown(page: Page) -> list[int]:
    """The steps of the loss that the page's plot has."""
    return [int(step) for step in page.evaluate(SHOWN)]


def series(url: str, job: str) -> list[int]:
    """The steps of the loss as REST gives them, all of them."""
    address = f"{url}/api/v1/jobs/{job}/series"
    found = requests.get(address, params={"curve": "train/loss", "width": 100_000}, timeout=30).json()
    return [int(step) for step in found["steps"]]


def steps(home: Path, job: str) -> int:
    """Points of the loss on the disk, 24 bytes each."""
    return sum(path.stat().st_size for path in (home / "jobs" / job / "series").glob("*loss*")) // 24


def until(what: Callable[[], Any], seconds: float) -> Any:
    """Wait for something true and give it back."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"waited {seconds} s"
        time.sleep(0.1)
    return found
