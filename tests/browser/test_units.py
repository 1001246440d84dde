"""Looking inside a trained model as a person does: layers, keys, units in their addresses, one image with its maps."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 45_000  # the first look starts the process that has PyTorch


@pytest.fixture(scope="module")
def model(address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A LeNet trained on three classes of gradients."""
    images = make_gradient_folder(tmp_path_factory.mktemp("inside") / "gradients")
    archive = shutil.make_archive(str(images), "zip", images)
    sent = requests.post(f"{address}/api/v1/uploads?filename=g.zip", data=Path(archive).read_bytes(), timeout=30).json()
    dataset = _made(address, "datasets", folder=sent["path"], name="gradients inside", width=28, height=28)
    return _made(address, "models", dataset=dataset, network="lenet", name="inside", epochs=3)


def _made(address: str, kind: str, **values: object) -> str:
    created = requests.post(f"{address}/api/v1/{kind}", json=values, timeout=60)
    assert created.status_code == 201, created.text
    job = str(created.json()["id"])
    end = time.monotonic() + 120
    while time.monotonic() < end:
        status = requests.get(f"{address}/api/v1/jobs/{job}", timeout=20).json()["status"]
        if status in ("Done", "Error"):
            assert status == "Done"
            return job
        time.sleep(0.3)
    raise AssertionError(f"{job} is not done")


def test_from_layers_to_a_unit_and_back_by_keys_and_address(page: Page, address: str, model: str) -> None:
    page.goto(f"{address}/models/{model}/units")
    expect(page.locator("#layer-list [aria-current]")).to_contain_text("conv1")
    expect(page.locator(".fv-tile")).to_have_count(20)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#unit-title")).to_contain_text("Unit 1")
    assert page.url.endswith(f"/models/{model}/layers/conv1/units/1")
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(page.locator("#layer-name")).to_have_text("conv2")
    page.goto(f"{address}/models/{model}/layers/fc1/units/321")
    expect(page.locator("#unit-title")).to_contain_text("Unit 321 of 500")
    expect(page.locator(".fv-tile[aria-current]")).to_have_attribute("data-place", "321")
    assert page.locator(".fv-tile").count() < 400  # only those in view are in the page
    page.keyboard.press("/")
    page.keyboard.type("conv2")
    page.keyboard.press("Enter")
    expect(page.locator("#layer-name")).to_have_text("conv2")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_synthetic_images_stream_in_and_units_are_compared(page: Page, address: str, model: str) -> None:
    page.goto(f"{address}/models/{model}/layers/fc2/units/1?view=synthetic")
    expect(page.locator("#view-state")).to_contain_text("3 of 3 made", timeout=90_000)
    assert "data:image/png" in (page.locator(".fv-tile i").first.get_attribute("style") or "")
    page.keyboard.press("p")
    page.keyboard.press("k")
    page.keyboard.press("p")
    expect(page.locator("#tray figure")).to_have_count(2)
    page.keyboard.press("f")
    page.keyboard.press("j")
    expect(page.locator("#unit-title")).to_contain_text("Unit 0")  # frozen


def test_one_image_its_maps_and_a_target_of_ones_own(page: Page, address: str, model: str) -> None:
    page.goto(f"{address}/models/{model}/explain?split=val&index=0")
    expect(page.locator("#guesses .fv-guess")).to_have_count(3)
    expect(page.locator("#maps figure")).to_have_count(4)
    expect(page.locator("#maps figure[aria-busy]")).to_have_count(0)
    expect(page.locator("#maps")).to_contain_text("adds up to 100 %")
    expect(page.locator("#layers .fv-strip").first).to_contain_text("conv1")
    page.locator("#maps canvas").nth(1).hover()
    expect(page.locator("#pointer")).to_contain_text("row")
    page.locator("#guesses .fv-guess").nth(2).click()
    expect(page.locator("#target-value")).to_contain_text("The score of")
    expect(page.locator("#guesses .fv-guess").nth(2)).to_have_attribute("aria-pressed", "true")
    page.locator("#maps button:has-text('How far')").nth(1).click()
    expect(page.locator("#maps .fv-curves")).to_have_count(2)
    page.goto(f"{address}/models/{model}/explain?split=val&index=0&layer=conv2&unit=3")
    expect(page.locator("#target-value")).to_contain_text("Unit 3 of conv2")


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_inside_fits_a_phone(page: Page, address: str, model: str) -> None:
    for path in ("units", "layers/conv2/units/3", "layers/conv2?view=activations", "explain"):
        page.goto(f"{address}/models/{model}/{path}")
        expect(page.locator(".fv-tile, .fv-guess").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
