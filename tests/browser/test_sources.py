"""The dataset form on real files: what is understood, an upload that breaks and goes on; boxes in the explorer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks._server import running
from tests.data.sources.helpers import picture, text

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 30_000
BOX = "<bndbox><xmin>10</xmin><ymin>5</ymin><xmax>50</xmax><ymax>35</ymax></bndbox>"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of boxes, one of classes, and that one as a zip."""
    root = tmp_path_factory.mktemp("sources")
    for n in range(6):
        picture(root / f"boxes/{n}.png", 80, 60, shade=30 * n)
        text(root / f"boxes/{n}.xml", f"<annotation><object><name>hot dog</name>{BOX}</object></annotation>")
        picture(root / f"classes/{'ab'[n % 2]}/{n}.png", 300, 300, shade=30 * n)
    shutil.make_archive(str(root / "classes"), "zip", root / "classes")
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("home"), "--data-root", str(images), OMP_NUM_THREADS="1") as found:
        yield found.url


def test_boxes_are_understood_built_and_drawn(page: Page, server: str, images: Path) -> None:
    page.goto(f"{server}/datasets/images/classification/new")
    page.get_by_label("Folder or file").fill(str(images / "boxes"))
    found = page.locator("#understood")
    expect(found).to_contain_text("Pascal VOC")
    expect(found).to_contain_text("6 images for training with 6 objects")
    expect(page.locator('[data-field="width"]')).to_be_hidden()
    expect(page.locator("#preview")).to_be_hidden()
    page.get_by_role("button", name="Build the dataset").click()
    expect(page.locator('[data-part="status"]')).to_contain_text("Done", timeout=60_000)
    page.get_by_role("link", name="Explore the images").first.click()
    page.locator(".fv-thumb").first.click()
    picture_ = page.locator("#viewer [data-picture]")
    expect(picture_.locator("rect")).to_have_count(1)
    box, whole = picture_.locator("rect").bounding_box(), picture_.locator("img").bounding_box()
    assert box
    assert whole
    assert (box["x"] - whole["x"]) / whole["width"] == pytest.approx(10 / 80, abs=0.02)
    assert box["width"] / whole["width"] == pytest.approx(40 / 80, abs=0.03)
    assert (box["y"] - whole["y"]) / whole["height"] == pytest.approx(5 / 60, abs=0.03)
    legend = page.locator("#viewer .fv-mark")
    expect(legend).to_contain_text("hot dog")
    legend.click()
    expect(picture_.locator("rect")).to_be_hidden()


def test_another_source_can_be_chosen(page: Page, server: str, images: Path) -> None:
    text(images / "both/train.csv", "path,label\na/0.png,yes\nb/1.png,no\n")
    for cls in "ab":
        picture(images / f"both/{cls}/{'ab'.index(cls)}.png")
    page.goto(f"{server}/datasets/images/classification/new")
    page.get_by_label("Folder or file").fill(str(images / "both"))
    expect(page.locator("#understood")).to_contain_text("Image folder")
    page.get_by_role("button", name="Table (CSV or JSON lines)").click()
    expect(page.locator("#understood")).to_contain_text('classes from "label"')
    expect(page.get_by_label("What it is")).to_have_value("manifest")


@pytest.fixture
def shaky(browser: Browser) -> Iterator[Page]:
    """A page of which one request breaks, on purpose: no watch on its console."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_an_upload_goes_on_where_it_broke_off(shaky: Page, server: str, images: Path) -> None:
    asked: list[str] = []

    def pass_on(route: Route) -> None:
        asked.append(route.request.method)
        if asked.count("PATCH") == 1 and route.request.method == "PATCH":
            route.abort()
        else:
            route.continue_()

    shaky.route("**/uploads/parts/**", pass_on)
    shaky.goto(f"{server}/datasets/images/classification/new")
    shaky.set_input_files("#upload input", str(images / "classes.zip"))
    expect(shaky.locator("[data-said]")).to_contain_text("is on the server", timeout=30_000)
    assert asked == ["PATCH", "GET", "PATCH", "POST"]
    expect(shaky.locator("#understood")).to_contain_text("2 classes", timeout=30_000)
    assert shaky.evaluate("document.documentElement.scrollWidth <= innerWidth")
