"""A sweep from the form to its page: how many models is said before, then lines, dots and rows that belong together."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from benchmarks._server import running
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 40_000


def test_two_rates_are_asked_for_and_compared(page: Page, tmp_path: Path) -> None:
    images = make_gradient_folder(tmp_path / "images" / "set", per_class=8)
    home = tmp_path / "home"
    with running(home, "--data-root", str(images.parent), OMP_NUM_THREADS="1", FOVEAL_CPU_SLOTS="2") as server:
        values = {"folder": str(images), "width": 16, "height": 16}
        dataset = requests.post(f"{server.url}/api/v1/datasets", json=values, timeout=60).json()["id"]
        page.goto(f"{server.url}/models/images/classification/new?dataset={dataset}")
        page.fill('[name="epochs"]', "1")
        page.fill('[name="name"]', "rates")
        page.click("#sweep summary")
        page.fill('[name="vary-learning_rate"]', "0.01, fast")
        expect(page.locator('[data-part="sweep-words"]')).to_contain_text("fast")
        page.fill('[name="vary-learning_rate"]', "0.01, 0.001")
        expect(page.locator('[data-part="sweep-words"]')).to_have_text("2 models will be trained: 2 learning rates.")
        expect(page.locator("#model-form button[type=submit]")).to_contain_text("Train 2 models")
        page.click("#model-form button[type=submit]")

        page.wait_for_url("**/sweeps/*")
        expect(page.locator("#trials tbody tr")).to_have_count(2)
        expect(page.locator('#job-head [data-part="status"]')).to_have_text("Done")
        expect(page.locator("#parallel .sw-line:not(.sw-young)")).to_have_count(2)
        expect(page.locator("#parallel .sw-line.sw-best")).to_have_count(1)
        expect(page.locator("#trials .sw-mark")).to_have_count(1)
        best = page.locator("#parallel .sw-best").get_attribute("data-trial")
        page.locator(f'#trials tr[data-trial="{best}"]').hover()
        expect(page.locator(f'#scatter .sw-dot[data-trial="{best}"]')).to_have_class("sw-dot sw-best sw-hover")

        # A brush on the first axis keeps the larger rate alone.
        page.locator("#parallel").scroll_into_view_if_needed()
        box = page.locator("#parallel .sw-handle").first.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 10, box["y"] + 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 10, box["y"] + 60, steps=4)
        page.mouse.up()
        expect(page.locator("#trials tr.sw-out")).to_have_count(1)
        expect(page.locator("#trials tr.sw-out")).to_contain_text("0.001")

        page.click("#trials th >> text=Base learning rate")
        page.select_option("#scatter-y", "train/loss")
        page.reload()  # the address restores the view
        expect(page.locator("#scatter-y")).to_have_value("train/loss")
        expect(page.locator("#trials th[aria-sort]")).to_have_text("Base learning rate")
