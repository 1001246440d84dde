"""The model form shows what augmentation does to the dataset's images, and what balancing does to its classes."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 45_000
"""Milliseconds: an inspector that starts, and torchvision's first import, take long on a busy machine."""


@pytest.fixture
def dataset(address: str) -> Iterator[str]:
    """A finished dataset with three classes of ten and one of five."""
    place = Path(tempfile.mkdtemp(prefix=".foveal-test-", dir=Path.home()))
    make_gradient_folder(place / "set", classes=4, size=20)
    body = {"folder": str(place / "set"), "width": 20, "height": 20, "val_percent": 0}
    job = requests.post(f"{address}/api/v1/datasets", json=body, timeout=20).json()["id"]
    while requests.get(f"{address}/api/v1/jobs/{job}", timeout=20).json()["status"] != "Done":
        time.sleep(0.1)
    yield job
    shutil.rmtree(place)


def test_augmented_images_and_balanced_classes_follow_the_form(page: Page, address: str, dataset: str) -> None:
    page.goto(f"{address}/models/images/classification/new?dataset={dataset}")
    card, rows = page.locator("#augmentation"), page.locator("#augmentation .fv-augmented-row")
    expect(rows).to_have_count(5)
    expect(rows.first.locator("i")).to_have_count(7)
    expect(rows.first.locator(".fv-prep-tile").nth(1).locator("small")).to_have_count(0)

    page.fill("[name=mixup]", "0.5")
    expect(card.get_by_text("%").first).to_be_visible()
    page.check("input[type=checkbox][name=randaugment]")
    expect(page.locator("[name=randaugment_strength]")).to_be_visible()
    page.fill("[name=mixup]", "99")
    expect(card.locator('[data-part="state"]')).to_contain_text("less than or equal to 10")
    page.fill("[name=mixup]", "0")
    expect(card.locator('[data-part="state"]')).to_have_text("")

    lines = page.locator("#balance tbody tr")
    expect(lines).to_have_count(4)
    small = lines.filter(has_text="blue-to-bottom").locator("td")
    expect(small.nth(1)).to_have_text("5")
    page.select_option("[name=sampler]", "balanced")
    expect(small.nth(2)).to_have_text("9")
    page.select_option("[name=class_weights]", "inverse")
    expect(small.nth(3)).to_have_text("1.75")
