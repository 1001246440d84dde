"""The dataset form shows the visitor's own images in every resize mode, and follows what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 45_000
"""Milliseconds: an inspector that starts, and torchvision's first import, take long on a busy machine."""


@pytest.fixture
def images() -> Path:
    """Below the home folder, which a server of one person may read."""
    import shutil
    import tempfile

    place = Path(tempfile.mkdtemp(prefix=".foveal-test-", dir=Path.home()))
    yield make_gradient_folder(place / "set", size=(40, 30))  # type: ignore[misc]
    shutil.rmtree(place)


def test_images_follow_the_form(page: Page, address: str, images: Path) -> None:
    page.goto(f"{address}/datasets/images/classification/new")
    rows = page.locator('#preview [data-part="rows"]')
    expect(rows).to_be_hidden()
    page.fill("input[name=folder]", str(images))
    expect(rows.locator('[data-row="squash"] .fv-prep-tile i')).to_have_count(6)
    expect(rows.locator('[data-row="originals"] .fv-prep-tile').first).to_contain_text("40×30")
    expect(rows.locator('[data-row="none"] .fv-prep-tile').first).to_have_text("left out")

    raw = rows.locator('[data-mode="squash"] [data-encoding="raw"] [data-size]')
    before = raw.inner_text()
    page.fill("input[name=width]", "40")
    page.fill("input[name=height]", "30")
    expect(rows.locator('[data-row="none"] .fv-prep-tile i')).to_have_count(6)
    expect(raw).not_to_have_text(before)

    rows.locator('[data-mode="fill"] button.fv-prep-head').click()
    expect(page.locator("[name=resize_mode]")).to_have_value("fill")
    expect(rows.locator('[data-mode="fill"]')).to_have_attribute("data-chosen", "")
    expect(page.locator("[name=fill]")).to_be_visible()

    first = page.locator('#preview [data-row="originals"]').inner_text()
    page.click("#preview [data-part=others]")
    expect(page.locator('#preview [data-row="originals"]')).not_to_have_text(first)

    rows.locator('[data-row="fill"] button.fv-prep-tile').first.click()
    expect(page.locator("#viewer img")).to_be_visible()
    assert page.locator("#viewer img").evaluate("image => [image.naturalWidth, image.naturalHeight]") == [40, 30]


def test_what_is_wrong_is_said_and_pictures_stay(page: Page, address: str, images: Path) -> None:
    page.goto(f"{address}/datasets/images/classification/new")
    page.fill("input[name=folder]", str(images))
    tiles = page.locator('#preview [data-row="squash"] .fv-prep-tile i')
    expect(tiles).to_have_count(6)
    page.fill("input[name=width]", "0")
    expect(page.locator('#preview [data-part="state"]')).to_contain_text("Width: Input should be greater than")
    expect(tiles).to_have_count(6)
