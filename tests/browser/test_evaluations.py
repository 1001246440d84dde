"""An evaluation in Chromium: from the page of the model to the matrix, the images of a cell, an answer, a threshold."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import Page, expect

from benchmarks._server import running
from benchmarks.classify_rest import finished, post
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A server with a model that was judged by itself after its training, and an atlas of it."""
    home = tmp_path_factory.mktemp("judged")
    images = make_gradient_folder(home / "images", per_class=16, size=16)
    with running(home / "home", OMP_NUM_THREADS="1", FOVEAL_DATA_ROOTS=str(home)) as server:
        dataset = finished(server, post(server, "/api/v1/datasets", folder=str(images), width=28, height=28)["id"])
        options = {"dataset": dataset, "network": "lenet", "epochs": 1, "evaluate": True, "name": "net"}
        model = finished(server, post(server, "/api/v1/models", **options)["id"])
        (child,) = requests.get(f"{server.url}/api/v1/evaluations?parent={model}", timeout=30).json()["items"]
        finished(server, child["id"])
        atlas = finished(server, post(server, "/api/v1/atlases", model=model)["id"])
        yield server.url, model, child["id"], atlas


def test_from_the_model_to_a_cell_and_one_image(page: Page, judged: tuple[str, str, str, str]) -> None:
    url, model, evaluation, _ = judged
    page.goto(f"{url}/models/{model}")
    expect(page.locator("#confusion table")).to_be_visible()
    page.locator("#evaluations .list-group-item").click()
    expect(page).to_have_url(f"{url}/evaluations/{evaluation}?show=wrong&sort=hardest&page=1")
    report = requests.get(f"{url}/api/v1/evaluations/{evaluation}/report", timeout=30).json()
    counts = [int(text) for text in page.locator("#matrix td button").all_inner_texts()]
    assert sum(counts) == report["labelled"] == 12
    full = next(place for place, count in enumerate(counts) if count)
    page.locator("#matrix td button").nth(full).click()
    expect(page.locator("#gallery .fv-thumb")).to_have_count(counts[full])
    assert f"label={full // 3}&predicted={full % 3}" in page.url
    page.locator("#gallery .fv-thumb").first.click()
    expect(page.locator("#viewer .fv-guess")).to_have_count(3)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="% of row").click()
    page.locator("#threshold").fill("0")
    expect(page.locator('[data-part="decision"]')).to_contain_text("of 8")


def test_the_address_restores_the_cell_and_the_phone_has_no_overflow(
    page: Page, judged: tuple[str, str, str, str]
) -> None:
    url, _, evaluation, atlas = judged
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}/evaluations/{evaluation}?label=1&predicted=1&show=all&sort=number&page=1")
    expect(page.locator('[data-part="unfilter"]')).to_contain_text("right")
    for path in (f"/evaluations/{evaluation}", f"/atlases/{atlas}", f"/atlases/{atlas}/layers/0/units/0"):
        page.goto(url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_atlas_goes_from_layer_to_unit_to_class(page: Page, judged: tuple[str, str, str, str]) -> None:
    url, model, _, atlas = judged
    page.goto(f"{url}/models/{model}/atlas")
    expect(page.locator(".at-tile")).to_have_count(3)
    page.locator("select[name=layer]").select_option("0")
    expect(page.locator(".at-tile")).to_have_count(20)
    page.locator(".at-tile").nth(4).click()
    expect(page).to_have_url(f"{url}/atlases/{atlas}/layers/0/units/4")
    expect(page.locator(".at-image u")).not_to_have_count(0)
    page.locator(".fv-kpi a").click()
    expect(page.locator("h1")).to_contain_text("Units that answer to")
