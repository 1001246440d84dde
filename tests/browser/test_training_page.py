"""A model's page and the page of its layers: steering, export, the doctor's word, the heat map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from benchmarks._server import running
from tests.contract.script import until
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]


class Lab:
    """A server with a model that was trained for long, and paused."""

    def __init__(self, url: str, images: Path) -> None:
        self.url = url
        dataset = self.post("datasets", folder=str(images), width=16, height=16)["id"]
        options = {"network": "lenet", "epochs": 100_000, "batch_size": 4, "layer_interval": 2, "histogram_interval": 4}
        self.model = self.post("models", dataset=dataset, optimizer="adam", **options)["id"]

    def post(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/api/v1/{path}", json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def get(self) -> Any:
        return requests.get(f"{self.url}/api/v1/models/{self.model}", timeout=30).json()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    images = make_gradient_folder(tmp_path_factory.mktemp("images") / "set", per_class=10)
    home = tmp_path_factory.mktemp("foveal")
    with running(home, "--data-root", str(images.parent), OMP_NUM_THREADS="1") as server:
        yield Lab(server.url, images)


def test_a_running_training_is_paused_and_resumed_from_its_page(page: Page, lab: Lab) -> None:
    until(lambda: lab.get()["curves"].get("train/loss", 0) > 60, 90, "the training to be under way")
    page.goto(f"{lab.url}/models/{lab.model}")
    page.locator('[data-plots="accuracy"] canvas').first.wait_for()  # the page's scripts are at work
    page.fill("#steer-value", "0.002")
    page.click('[data-form="rate"] button')
    expect(page.locator('[data-part="acts"]')).to_contain_text("learning rate 0.002", timeout=60_000)
    page.click('[data-act="pause"]')
    expect(page.locator('#job-head [data-part="status"]')).to_have_text("Paused", timeout=60_000)
    expect(page.locator('[data-act="pause"]')).to_be_hidden()
    marks = "document.querySelectorAll('.fv-acts li').length"
    assert page.evaluate(marks) == 2
    page.click('[data-form="resume"] button')
    expect(page.locator('#job-head [data-part="status"]')).to_have_text("Running", timeout=60_000)
    page.click('[data-act="stop"]')
    expect(page.locator('#job-head [data-part="status"]')).to_have_text("Done", timeout=60_000)
    expect(page.locator("#doctor .fv-verdict").first).to_be_visible(timeout=60_000)


def test_curves_are_saved_as_pictures_and_numbers(page: Page, lab: Lab) -> None:
    until(lambda: lab.get()["status"] == "Done", 90, "the end")
    page.goto(f"{lab.url}/models/{lab.model}")
    page.locator('[data-plots="accuracy"] canvas').first.wait_for()
    expect(page.locator('[data-plots="accuracy"]:not(.fv-empty)')).to_be_visible()
    page.click("text=Export")
    with page.expect_download() as svg:
        page.click('[data-export="svg"]')
    assert "<svg" in Path(svg.value.path()).read_text()
    page.click("text=Export")
    with page.expect_download() as png:
        page.click('[data-export="png"]')
    assert Path(png.value.path()).read_bytes().startswith(b"\x89PNG")
    text = requests.get(f"{lab.url}/jobs/{lab.model}/do/curves.csv?name=train/loss", timeout=30).text.splitlines()
    assert text[0] == "curve,step,wall,value"
    assert [int(line.split(",")[1]) for line in text[1:]] == list(range(1, len(text)))


def test_layers_are_shown_as_a_heat_map_and_one_by_one(page: Page, lab: Lab) -> None:
    until(lambda: lab.get()["status"] == "Done", 90, "the end")
    page.goto(f"{lab.url}/models/{lab.model}/layers")
    expect(page.locator("#heat-names div")).to_have_count(4, timeout=60_000)
    expect(page.locator("#one-name")).to_have_text("conv1.weight", timeout=60_000)
    expect(page.locator("#one-plots .fv-ridge").first).to_be_visible(timeout=60_000)
    painted = """() => {
      const c = document.getElementById('heat');
      const data = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
      return new Set(data).size;
    }"""
    assert page.evaluate(painted) > 5
    page.locator("#heat").press("ArrowDown")
    expect(page.locator("#one-name")).to_have_text("conv2.weight")
    page.select_option("#statistic", "activations/dead")
    expect(page.locator("#heat-names div")).to_have_count(1)
    page.check("#small")
    page.reload()
    expect(page.locator("#statistic")).to_have_value("activations/dead")


def test_probe_images_are_played_by_keys_and_button(page: Page, lab: Lab) -> None:
    until(lambda: lab.get()["status"] == "Done", 90, "the end")
    page.goto(f"{lab.url}/models/{lab.model}/probe")
    cards, slider = page.locator(".fv-probe"), page.locator('[data-part="slider"]')
    expect(cards.first.locator(".fv-probe-bar-row").first).to_contain_text("%")
    last = slider.input_value()
    assert int(last) > 2
    expect(slider).to_have_attribute("aria-valuetext", re.compile("epoch"))
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value(str(int(last) - 1))
    page.keyboard.press("Home")
    expect(slider).to_have_value("0")
    expect(page.locator('[data-part="matrix"] td.ev-total')).to_have_count(3)
    page.click('[data-part="play"]')
    expect(slider).to_have_value(re.compile("[2-9]"), timeout=20_000)
    page.click('[data-part="play"]')
    expect(page.locator('[data-part="play"]')).to_have_attribute("aria-label", "Play")
    stopped = slider.input_value()
    page.reload()  # the address restores the place
    expect(slider).to_have_value(stopped)


def test_the_diary_opens_an_image_and_leaves_some_out(page: Page, lab: Lab) -> None:
    until(lambda: lab.get()["status"] == "Done", 90, "the end")
    page.goto(f"{lab.url}/models/{lab.model}/diary?show=all")
    expect(page.locator(".fv-diary-run u").first).to_be_attached()
    page.locator("a.fv-thumb").first.click()
    expect(page.locator("#viewer .fv-diary-bars i").first).to_be_attached()
    page.keyboard.press("Escape")
    page.locator(".fv-pick").first.check(force=True)
    page.click('[data-act="leave-out"]')
    expect(page.locator('[data-part="leave-out-words"]')).to_contain_text("1 image is left out")
    page.click("#leave-out .btn-primary")
    page.wait_for_url("**/datasets/*")
    page.goto(f"{lab.url}/models/{lab.model}/diary/map")
    expect(page.locator('[data-part="count"]')).to_contain_text("images")
