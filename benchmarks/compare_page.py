"""The comparison of 500 runs stays interactive in Chromium: no task of the page longer than 200 ms while it is used.

Loading, hovering, switching axis and scale, smoothing, grouping, sorting, filtering, scrolling, zooming.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._runs import fill
from benchmarks._server import running
from tests.browser.conftest import CHROMIUM, FLAGS

POINTS = 2000
WATCH = """window.long = [];
new PerformanceObserver((list) => window.long.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: "longtask", buffered: true });"""


def main() -> None:
    """Use the page as a person does, and look at the long tasks that Chromium reports."""
    runs = 100 if arguments(__doc__ or "").quick else 500
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), runs, ["train/loss", "val/accuracy"], POINTS)
        with running(Path(folder)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(WATCH)
            began = time.perf_counter()
            page.goto(f"{server.url}/models/compare?text=run&curve=train/loss")
            page.wait_for_selector(f'[data-part="plot"][data-drawn="{runs}"]', timeout=60_000)
            first = time.perf_counter() - began
            tasks = {"load": _longest(page), **{name: _used(page, name) for name in STEPS}}
            browser.close()
    for name, longest in tasks.items():
        print(f"  {name:10} longest task {longest:6.0f} ms")
    print(f"{runs} runs drawn {first:.2f} s after the address was opened")
    verdict(Claim("longest task of the page, ms", max(tasks.values()), most=200))


def _longest(page: Page) -> float:
    """The longest task since the last look; 0 where none took 50 ms."""
    page.wait_for_timeout(400)
    return float(page.evaluate("Math.max(0, ...window.long.splice(0))"))


def _hover(page: Page) -> None:
    box = page.locator('[data-part="plot"]').bounding_box()
    assert box is not None
    for step in range(40):
        page.mouse.move(box["x"] + 80 + step * 25, box["y"] + 40 + step * 7)


def _zoom(page: Page) -> None:
    box = page.locator('[data-part="plot"]').bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 120, steps=5)
    page.mouse.up()


STEPS = {
    "hover": _hover,
    "time axis": lambda page: page.click('[data-x="time"]'),
    "log scale": lambda page: page.click('[data-y="log"]'),
    "smoothing": lambda page: page.fill("#smooth", "0.6"),
    "group": lambda page: page.select_option("#by", "option learning_rate"),
    "mean": lambda page: page.check("#mean"),
    "sort": lambda page: page.click('.cmp-sort[data-key="min"]'),
    "scroll": lambda page: page.evaluate("document.querySelector('.cmp-table-box').scrollTop = 9000"),
    "lines": lambda page: page.uncheck("#mean"),
    "zoom": _zoom,
    "filter": lambda page: page.fill("#filter", "learning_rate>0.02"),
}


def _used(page: Page, name: str) -> float:
    """The longest task that one act leads to."""
    page.evaluate("window.long.splice(0)")
    STEPS[name](page)
    page.wait_for_timeout(1500)
    return _longest(page)


if __name__ == "__main__":
    main()
