"""An evaluation in Chromium: from the page of the model to the matrix, the images of a cell, an answer, a threshold."""

from __future__ import annotations

import re

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
        options = {"dataset": dataset, "network": "lenet", "epochs": 2, "evaluate": True, "name": "net"}
        model = finished(server, post(server, "/api/v1/models", **options)["id"])
        (child,) = requests.get(f"{server.url}/api/v1/evaluations?parent={model}", timeout=30).json()["items"]
        finished(server, child["id"])
        atlas = finished(server, post(server, "/api/v1/atlases", model=model, checkpoints=3)["id"])
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


def circle(page: Page) -> None:
    """Draw a line around all that the map shows."""
    box = page.locator("canvas").bounding_box()
    assert box is not None
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def test_the_map_of_a_layer_is_circled_coloured_and_followed(page: Page, judged: tuple[str, str, str, str]) -> None:
    url, _, _, atlas = judged
    page.goto(f"{url}/atlases/{atlas}")
    page.get_by_role("link", name="Map of the images").click()
    count = page.locator('[data-part="count"]')
    expect(count).to_have_text("36")
    circle(page)
    title = page.locator('[data-part="circled-title"]')
    expect(title).to_have_text("36 circled")
    expect(page.locator("#circled .fv-thumb")).to_have_count(36)
    page.locator('[data-part="class"]').select_option("1")
    expect(title).to_have_text("12 circled")
    page.locator('[data-part="colour"]').select_option("right")
    expect(page.locator('[data-part="keys"]')).to_contain_text("wrong")
    page.locator('[data-part="method"]').select_option("through")
    expect(page.locator('[data-part="moment"]')).to_have_text("Epoch 2")
    page.locator("#moment").fill("0")
    expect(page.locator('[data-part="moment"]')).to_have_text("Epoch 1")
    page.reload()
    expect(page.locator('[data-part="moment"]')).to_have_text("Epoch 1")
    expect(page.locator('[data-part="colour"]')).to_have_value("right")


def test_a_confused_cell_leads_to_the_images_in_between(page: Page, judged: tuple[str, str, str, str]) -> None:
    url, _, evaluation, _ = judged
    page.goto(f"{url}/evaluations/{evaluation}?label=0&predicted=2&show=all&sort=hardest")
    page.locator('[data-part="pair"]').click()
    expect(page).to_have_url(f"{url}/evaluations/{evaluation}/pair/0/2?show=all&sort=hardest&page=1")
    expect(page.locator("#gallery .fv-thumb")).not_to_have_count(0)
    expect(page.locator("#units .at-tile")).not_to_have_count(0)


def test_a_unit_has_its_synthetic_picture_and_its_pixels(page: Page, judged: tuple[str, str, str, str]) -> None:
    url, model, _, atlas = judged
    page.goto(f"{url}/atlases/{atlas}/layers/0/units/4")
    expect(page.locator("#synthetic img")).to_be_visible(timeout=60_000)
    page.locator(".at-image").first.click()
    expect(page).to_have_url(re.compile(f"/models/{model}/explain\\?layer=conv1&unit=4&split=train"))


def test_a_model_goes_with_what_was_made_of_it_after_one_question(
    page: Page, judged: tuple[str, str, str, str]
) -> None:
    url, model, _, _ = judged
    page.goto(f"{url}/models/{model}")
    page.get_by_role("button", name="More actions").click()
    page.locator('[data-do="delete"]').click()
    expect(page.locator("#confirm-text")).to_contain_text("Its 1 evaluation and 1 atlas are deleted too")
    page.locator("#confirm-yes").click()
    expect(page).to_have_url(f"{url}/")
    expect(page.locator(f'a[href$="{model}"]')).to_have_count(0)
