"""The main job as a person does it: upload, watch the build, train, watch, classify; then every page on a phone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of three classes of ten images."""
    root = tmp_path_factory.mktemp("set")
    make_gradient_folder(root / "gradients")
    return Path(shutil.make_archive(str(root / "gradients"), "zip", root / "gradients"))


def wait_done(page: Page, address: str) -> str:
    """Wait until the job of the page is Done by the page's own live state; returns its id."""
    job = page.url.rstrip("/").rsplit("/", 1)[-1]
    expect(page.locator(".status, .badge").filter(has_text="Done").first).to_be_visible(timeout=120_000)
    assert requests.get(f"{address}/api/v1/jobs/{job}", timeout=20).json()["status"] == "Done"
    return job


def test_upload_watch_train_watch_classify(page: Page, address: str, archive: Path) -> None:
    page.goto(f"{address}/datasets/images/classification/new")
    page.locator("#upload input[type=file]").set_input_files(archive)
    expect(page.locator("#understood")).to_contain_text("red-to-right")
    page.fill("input[name=name]", "Gradients")
    page.fill("input[name=width]", "28")
    page.fill("input[name=height]", "28")
    page.click("button[type=submit]:has-text('Build the dataset')")
    page.wait_for_url("**/datasets/2*")
    dataset = wait_done(page, address)

    page.goto(f"{address}/models/images/classification/new?dataset={dataset}")
    page.fill("input[name=name]", "LeNet on gradients")
    page.fill("input[name=epochs]", "20")
    page.click("button[type=submit]:has-text('Train the model')")
    page.wait_for_url("**/models/2*")
    model = wait_done(page, address)
    expect(page.locator("[data-kpi='train/loss']")).not_to_have_text("–")
    expect(page.locator("[data-plots] canvas").first).to_be_attached()

    image = next(archive.parent.glob("gradients/red-to-right/*"))
    page.locator("#classify input[type=file]").set_input_files(image)
    expect(page.locator("#classify .fv-guess")).to_have_count(3)
    expect(page.locator("#classify .fv-guess").first).to_contain_text("red-to-right")
    page.reload()
    expect(page.locator("[data-kpi='train/loss']")).not_to_have_text("–")
    assert page.url.endswith(model)


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_no_page_is_wider_than_a_phone(page: Page, address: str) -> None:
    jobs = requests.get(f"{address}/index.json", timeout=20).json()
    found = [f"/datasets/{job['id']}" for job in jobs["datasets"]] + [f"/models/{job['id']}" for job in jobs["models"]]
    for path in ("/", "/datasets/images/classification/new", "/models/images/classification/new", *found):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
