"""The comparison of runs in Chromium: reached from the table of models, drawn, sorted, filtered, pinned, restored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from benchmarks._runs import fill
from benchmarks._server import running

pytestmark = [pytest.mark.browser, pytest.mark.process]
RUNS = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the ids of the runs that it has."""
    home = tmp_path_factory.mktemp("runs")
    ids = fill(home, RUNS, ["train/loss", "val/accuracy"], 400)
    with running(home) as started:
        yield started.url, ids


def drawn(page: Page, lines: int) -> None:
    """The worker has drawn so many lines."""
    expect(page.locator(f'[data-part="plot"][data-drawn="{lines}"]')).to_be_visible()


def names(page: Page) -> list[str]:
    """The runs of the rows in view, from above."""
    return page.locator(".cmp-table tbody a").all_inner_texts()


def test_from_the_table_of_models_to_a_comparison_that_its_address_restores(
    page: Page, server: tuple[str, list[str]]
) -> None:
    page.goto(server[0])
    for box in page.locator("#models [data-pick]").all()[:3]:
        box.check()
    page.get_by_role("button", name="Compare").click()
    drawn(page, 3)
    page.select_option("#curve", "train/loss")
    page.click('[data-x="epoch"]')
    page.click('[data-y="log"]')
    page.select_option("#by", "option learning_rate")
    page.click('.cmp-sort[data-key="option learning_rate"]')
    page.locator('.cmp-table tbody tr button[data-act="pin"]').last.click()
    first = names(page)
    assert len(first) == 3
    address = page.url
    page.goto(server[0])
    page.goto(address)
    drawn(page, 3)
    expect(page.locator("#curve")).to_have_value("train/loss")
    expect(page.locator('[data-x="epoch"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator('[data-y="log"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#by")).to_have_value("option learning_rate")
    assert names(page) == first
    expect(page.locator('.cmp-table tbody tr button[data-act="pin"]').first).to_have_attribute("aria-pressed", "true")


def test_filtering_hiding_means_and_looking_closer(page: Page, server: tuple[str, list[str]]) -> None:
    page.goto(f"{server[0]}/models/compare?text=run&curve=train/loss")
    drawn(page, RUNS)
    page.fill("#filter", "learning_rate>=0.05")
    drawn(page, 6)
    page.locator('.cmp-table tbody tr button[data-act="hide"]').first.click()
    drawn(page, 5)
    page.click("#keep")
    expect(page.locator('[data-part="count"]')).to_have_text("5 runs")
    page.select_option("#by", "option learning_rate")
    page.check("#mean")
    drawn(page, 2)
    page.uncheck("#mean")
    box = page.locator('[data-part="plot"]').bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 120, steps=3)
    page.mouse.up()
    expect(page.locator("#whole")).to_be_visible()
    expect(page).to_have_url(re.compile("zoom="))
    page.click("#whole")
    expect(page.locator("#whole")).to_be_hidden()


def test_a_curve_is_told_and_pinned_by_the_pointer(page: Page, server: tuple[str, list[str]]) -> None:
    page.goto(f"{server[0]}/models/compare?runs={server[1][3]}&curve=train/loss")
    drawn(page, 1)
    box = page.locator('[data-part="plot"]').bounding_box()
    assert box is not None
    for height in range(20, 380, 12):  # down a column until the curve is met
        page.mouse.move(box["x"] + 640, box["y"] + height)
        page.wait_for_timeout(30)
        if page.locator('[data-part="tip"]').is_visible():
            break
    expect(page.locator('[data-part="tip"]')).to_contain_text("run 3")
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"pin={server[1][3]}"))


MATCHES = """async ([address, runs, text]) => {
  const { filter } = await import(address);
  return runs.filter(filter(text)).map((run) => run.name);
}"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["one", "two"]),
        ("two", ["two"]),
        ("batch_size>=64", ["two"]),
        ("batch_size<64 adam", ["one"]),
        ("optimizer=ADAM", ["one"]),
        ("optimizer!=adam", ["two"]),
        ("tag=base", ["one"]),
        ("tag!=base", ["two"]),
        ("flip=yes", ["two"]),
        ("clip>0", []),
        ("nothing", []),
    ],
)
def test_a_filter_is_words_and_conditions(page: Page, address: str, text: str, found: list[str]) -> None:
    common: dict[str, Any] = {"id": "1", "group": "", "owner": None, "status": "Done"}
    one = {"name": "one", "tags": ["base"], "options": {"batch_size": 32, "optimizer": "adam", "flip": False}}
    two = {"name": "two", "tags": [], "options": {"batch_size": 64, "optimizer": "sgd", "flip": True, "clip": None}}
    page.goto(f"{address}/login")
    script = f"{address}/static/js/compare/filter.js"
    assert page.evaluate(MATCHES, [script, [{**common, **one}, {**common, **two}], text]) == found


STATE = """async ([address, query, hash]) => {
  const { read, write } = await import(address);
  const state = read({ search: query, hash });
  return [state, write(read({ search: `?${write(state)}`, hash: "" })) === write(state)];
}"""


def test_a_state_is_read_from_either_side_of_the_address_and_nonsense_is_passed_over(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    script = f"{address}/static/js/compare/state.js"
    query = "?runs=a,b,a&x=century&smooth=9&zoom=5~1&colours=a:ff0000,b:red&pin=b&by=option momentum"
    for search, hash_ in ((query, ""), ("?runs=z", "#" + query[1:])):
        state, same = page.evaluate(STATE, [script, search, hash_])
        assert same
        assert (state["runs"], state["x"], state["smooth"], state["zoom"]) == (["a", "b"], "step", 0.99, None)
        assert (state["colours"], state["pin"], state["by"]) == ({"a": "#ff0000"}, ["b"], "option momentum")


TICKS = "async ([address, low, high, log]) => (await import(address)).ticks(low, high, 5, log)"


@pytest.mark.parametrize(
    ("low", "high", "log", "wanted"),
    [
        (0, 10, False, [0, 2, 4, 6, 8, 10]),
        (-0.03, 0.11, False, [0, 0.05, 0.1]),
        (0.02, 3, True, [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]),
        (1e-9, 1, True, [1e-9, 1e-7, 1e-5, 1e-3, 1e-1]),
        (2.01, 2.04, True, [2.01, 2.02, 2.03, 2.04]),
    ],
)
def test_ticks_are_round(page: Page, address: str, low: float, high: float, log: bool, wanted: list[float]) -> None:
    page.goto(f"{address}/login")
    found = page.evaluate(TICKS, [f"{address}/static/js/compare/scale.js", low, high, log])
    assert found == pytest.approx(wanted)
