"""Looking through a finished set in Chromium: pages, the record dialog, choosing, findings, the map, a new version."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from tests.data.analysis.test_measure import photo

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture(scope="module")
def dataset(address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset with a copy and a blank picture, built and analysed."""
    images = tmp_path_factory.mktemp("images")
    for number in range(70):
        path = images / ("cat", "dog")[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(photo(number)).save(path)
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(images / "cat" / "blank.png")
    archive = Path(shutil.make_archive(str(images.parent / "pets"), "zip", images))
    sent = requests.post(
        f"{address}/api/v1/uploads?filename=pets.zip",
        data=archive.read_bytes(),
        timeout=20,
        headers={"Content-Type": "application/octet-stream"},
    )
    body = {"name": "pets", "folder": sent.json()["path"], "width": 32, "height": 32, "val_percent": 10}
    answer = requests.post(f"{address}/api/v1/datasets", json=body, timeout=20)
    assert answer.status_code == 201, answer.text
    made = answer.json()["id"]
    for _ in range(600):
        found = requests.get(f"{address}/api/v1/datasets/{made}/analysis", timeout=20).json()
        if found["ready"]:
            return str(made)
        time.sleep(0.1)
    raise AssertionError(found)


def test_pages_turn_without_loading_anew_and_records_open(page: Page, address: str, dataset: str) -> None:
    page.goto(f"{address}/datasets/images/classification/explore?job_id={dataset}&db=train&size=25")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.same = true")
    expect(page.locator(".fv-thumb")).to_have_count(25)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".fv-foot")).to_contain_text("26–50 of")
    assert page.evaluate("window.same")
    assert "page=2" in page.url
    page.reload()
    expect(page.locator(".fv-foot")).to_contain_text("26–50 of")
    page.locator(".fv-thumb").first.click()
    expect(page.locator("#viewer")).to_contain_text("Brightness")
    first = page.locator("#viewer a", has_text="Link to it").get_attribute("href")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer a", has_text="Link to it")).not_to_have_attribute("href", str(first))
    page.goto(f"{address}{first}")
    expect(page.locator("h1")).to_have_text("pets")
    page.get_by_role("link", name="Next").click()
    assert re.search(r"/record/train/26$", page.url)


def test_choosing_survives_pages_and_makes_a_version(page: Page, address: str, dataset: str) -> None:
    page.goto(f"{address}/datasets/images/classification/explore?job_id={dataset}&db=train&size=25")
    page.wait_for_load_state("networkidle")
    boxes = page.locator(".fv-pick")
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator('[data-part="picked"]')).to_have_text("4 chosen")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".fv-foot")).to_contain_text("26–50 of")
    page.locator(".fv-pick").first.check()
    expect(page.locator('[data-part="picked"]')).to_have_text("5 chosen")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download chosen").click()
    assert Path(download.value.path()).stat().st_size > 1000
    page.get_by_role("button", name="Leave out").click()
    expect(page.locator("#leave-out")).to_contain_text("5 images are left out")
    page.get_by_role("button", name="Build the new version").click()
    expect(page.locator("#job-head")).to_contain_text("pets, cleaned")
    expect(page.locator('[data-part="status"]').first).to_contain_text("Done", timeout=60_000)
    page.reload()
    expect(page.locator('[data-part="versions"]')).to_contain_text("5 more images")


def test_findings_lead_to_their_images(page: Page, address: str, dataset: str) -> None:
    page.goto(f"{address}/datasets/{dataset}/findings")
    page.wait_for_load_state("networkidle")
    section = page.locator("#blank")
    expect(section).to_contain_text("1 image of one colour all over")
    section.get_by_role("link", name="Look at 1").click()
    expect(page.locator(".fv-thumb")).to_have_count(1)
    expect(page.locator('select[name="finding"]')).to_have_value("blank")
    page.locator('select[name="finding"]').select_option("")
    expect(page.locator(".fv-thumb").nth(3)).to_be_visible()


def test_statistics_are_drawn(page: Page, address: str, dataset: str) -> None:
    page.goto(f"{address}/datasets/{dataset}/statistics")
    expect(page.locator('[data-plots="brightness"] canvas').first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="By count").click()
    expect(page.locator("#means .fv-thumb")).to_have_count(2)
    page.goto(f"{address}/datasets/{dataset}")
    expect(page.locator('[data-name="classes"]')).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Log").click()
    expect(page.locator('[data-name="classes-log"]')).to_be_visible()
    expect(page.locator('[data-name="classes"]')).to_be_hidden()


def test_a_line_drawn_on_the_map_opens_what_is_inside(page: Page, address: str, dataset: str) -> None:
    page.goto(f"{address}/datasets/{dataset}/map")
    page.wait_for_load_state("networkidle")
    canvas = page.locator('[data-part="canvas"]')
    expect(page.locator('[data-part="keys"]')).to_contain_text("cat")
    box = canvas.bounding_box()
    assert box
    left, top, right, bottom = box["x"] + 4, box["y"] + 4, box["x"] + box["width"] - 4, box["y"] + box["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 10)):
        page.mouse.move(x, y, steps=5)
    page.mouse.up()
    page.wait_for_url("**/explore?**area=**")
    expect(page.locator(".fv-selection")).to_contain_text("in the area drawn on the map")
    total = requests.get(f"{address}/api/v1/datasets/{dataset}/splits/train/records", timeout=20).json()["total"]
    expect(page.locator(".fv-selection")).to_contain_text(f"{total} images")


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
@pytest.mark.parametrize("view", ["statistics", "findings", "map", "record/train/0"])
def test_no_view_is_wider_than_a_phone(page: Page, address: str, dataset: str, view: str) -> None:
    page.goto(f"{address}/datasets/{dataset}/{view}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
