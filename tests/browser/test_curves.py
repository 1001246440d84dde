"""Curves on the page: points that come twice, out of order or thinned leave neither a gap nor a double."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.process]

APPENDS = """async ([address, updates]) => {
  const { Curve } = await import(address);
  const curve = new Curve("train/loss");
  curve.load({ total: 3, steps: [1, 2, 3], walls: [1, 2, 3], values: [9, 8, 7] });
  const whole = updates.map((update) => curve.append({ ...update, walls: update.steps }));
  return { whole, count: curve.count, steps: curve.steps };
}"""
SMOOTH = "async ([address, x, y, amount]) => (await import(address)).smooth(x, y, amount)"


def update(start: int, stop: int, steps: list[int] | None = None) -> dict[str, object]:
    """Points [start, stop) of a file whose point i is of step i + 1; ``steps`` where they were thinned."""
    shown = list(range(start + 1, stop + 1)) if steps is None else steps
    return {"start": start, "stop": stop, "steps": shown, "values": [0.5] * len(shown)}


@pytest.mark.parametrize(
    ("updates", "whole", "steps"),
    [
        ([update(3, 5)], [True], [1, 2, 3, 4, 5]),
        ([update(3, 5), update(3, 5)], [True, True], [1, 2, 3, 4, 5]),
        ([update(2, 5)], [True], [1, 2, 3, 4, 5]),
        ([update(5, 7)], [False], [1, 2, 3]),
        ([update(1, 9, steps=[2, 9])], [False], [1, 2, 3]),
        ([update(3, 9, steps=[4, 9])], [True], [1, 2, 3, 4, 9]),
    ],
    ids=["next", "same twice", "overlap", "gap", "thinned overlap", "thinned next"],
)
def test_a_point_is_its_place_in_the_file(
    page: Page, address: str, updates: list[dict[str, object]], whole: list[bool], steps: list[int]
) -> None:
    page.goto(f"{address}/login")
    found = page.evaluate(APPENDS, [f"{address}/static/js/curves.js", updates])
    assert found["whole"] == whole
    assert found["steps"] == steps


def test_smoothing_is_a_weighted_mean_whatever_the_density(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    script = f"{address}/static/js/curves.js"
    dense, sparse = list(range(1001)), list(range(0, 1001, 10))
    one, other = (page.evaluate(SMOOTH, [script, x, [value % 20 for value in x], 0.9]) for x in (dense, sparse))
    assert one[-1] == pytest.approx(9.5, abs=1.0)
    assert other[-1] == pytest.approx(5.0, abs=1.0)
    assert page.evaluate(SMOOTH, [script, sparse, sparse, 0]) == sparse
    assert page.evaluate(SMOOTH, [script, [0, 1, 2], [4, 4, 4], 0.9]) == [4, 4, 4]
