"""A network file of another program in Chromium: the same view as of a network with a source, and nothing to edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.models.foreign.test_program import exported

pytestmark = [pytest.mark.browser, pytest.mark.process]


def test_an_uploaded_program_is_opened_searched_saved_and_locked(page: Page, address: str, tmp_path: Path) -> None:
    exported("squeezenet", tmp_path / "squeeze.pt2", side=64)
    page.goto(f"{address}/networks/file")
    page.locator("#file-upload input").set_input_files(tmp_path / "squeeze.pt2")
    node = page.locator(".nw-node")
    expect(node.first).to_be_visible(timeout=90_000)  # the inspector starts PyTorch
    expect(page.locator("[data-part=totals]")).to_contain_text("741 k weights")
    count = node.count()
    page.locator("[data-open='features#1/5#1']").click()
    expect(page.locator(".nw-node[data-id='features#1/5#1/squeeze#1']")).to_be_attached()
    page.locator("[data-open='features#1/5#1']").click()
    expect(node).to_have_count(count)

    page.fill("#find", "9.squeeze")
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#selected h2")).to_have_text("squeeze")
    expect(page.locator("#selected")).to_contain_text("no source to edit")
    expect(page.locator("#selected")).to_contain_text("48 × ")
    expect(page.locator("#selected input")).to_have_count(0)
    page.keyboard.press("Delete")
    expect(page.locator(".fv-toast").last).to_contain_text("no source to edit")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#selected h2")).to_have_text("relu")
    page.locator("[data-tab=all-layers]").click()
    page.locator("#all-layers button", has_text="features.12.squeeze").click()
    expect(page.locator(".nw-selected[data-id='features#1/12#1/squeeze#1']")).to_be_visible()
    view = page.url
    page.goto("about:blank")
    page.goto(view)
    expect(page.locator(".nw-selected[data-id='features#1/12#1/squeeze#1']")).to_be_visible()

    page.locator("button[aria-label=More]").click()
    with page.expect_download() as download:
        page.locator("[data-act=svg]").click()
    download.value.save_as(tmp_path / "net.svg")
    assert "squeeze" in (tmp_path / "net.svg").read_text()
