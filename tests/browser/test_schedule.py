"""The learning-rate card of the model form: the server's curve follows the fields, pins stay, points can be dragged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from benchmarks._server import running
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The form's address on a server that has a dataset (built or not: the form needs its row only)."""
    import requests

    images = make_gradient_folder(tmp_path_factory.mktemp("images") / "set", per_class=4)
    home = tmp_path_factory.mktemp("foveal")
    with running(home, "--data-root", str(images.parent), OMP_NUM_THREADS="1") as server:
        values = {"folder": str(images), "width": 16, "height": 16}
        requests.post(f"{server.url}/api/v1/datasets", json=values, timeout=30).raise_for_status()
        yield f"{server.url}/models/images/classification/new"


def curve(page: Page) -> str:
    """The points of the curve of the present policy."""
    return page.locator("#rate-plan polyline").last.get_attribute("points") or ""


def test_the_plan_follows_the_fields_and_pins_stay(page: Page, form: str) -> None:
    page.goto(form)
    expect(page.locator("#rate-plan polyline")).to_have_count(1)
    step = curve(page)
    page.click("#pin-rate")
    expect(page.locator("#rate-pins button")).to_have_count(1)
    page.select_option("#f-schedule", "cosine")
    expect(page.locator("#rate-plan polyline")).to_have_count(2)
    page.wait_for_function(
        "old => document.querySelectorAll('#rate-plan polyline')[1].getAttribute('points') !== old", arg=step
    )
    assert page.locator("#rate-plan polyline").first.get_attribute("points") == step
    page.click("#rate-pins button")
    expect(page.locator("#rate-plan polyline")).to_have_count(1)


def test_a_wrong_value_is_said_in_words(page: Page, form: str) -> None:
    page.goto(form)
    page.select_option("#f-schedule", "multistep")
    page.fill("#f-multistep_values", "50, soon")
    expect(page.locator("#rate-words")).to_contain_text("'soon' is not a number")
    page.fill("#f-multistep_values", "50")
    expect(page.locator("#rate-words")).to_be_empty()


def test_points_are_dragged_added_and_taken_away(page: Page, form: str) -> None:
    page.goto(form)
    page.select_option("#f-schedule", "drawn")
    dots = page.locator(".fv-rate-dot")
    expect(dots).to_have_count(5)
    page.locator("#rate-plan").scroll_into_view_if_needed()
    before, box = page.input_value("#f-drawn_points"), dots.nth(1).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 60, steps=4)
    page.mouse.up()
    after = page.input_value("#f-drawn_points")
    pairs = [[float(number) for number in pair.split(":")] for pair in after.split(",")]
    assert after != before
    assert pairs[1][0] > 15
    assert pairs[1][1] < 1
    dots.nth(2).dblclick()
    expect(dots).to_have_count(4)
