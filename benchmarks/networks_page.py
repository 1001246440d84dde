"""The networks page end to end in Chromium: typing to graph, graph edit to source, large networks laid out.

Each figure is from the page itself: from the end of the pause after the last key until the new graph is on the screen,
from the moment an edit is asked for until the source in the editor has changed, and, from Chromium's trace, the longest
task of the page's main thread while all of ResNet-152 is drawn, block by block. The times need an idle machine.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import requests
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks._harness import Claim, arguments, interleave, table, verdict
from benchmarks._server import running
from benchmarks.code_graph import network
from models.networks import networks as library
from models.source.parse import read

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PAUSE = 250.0
WATCH = """() => {
  window.drawn = [];
  document.addEventListener("foveal:drawn", () => drawn.push(performance.now()));
}"""


def deep(blocks: int) -> str:
    """A network of ``blocks`` blocks of ten layers that do not fold, about 5,000 call sites for 280."""
    layers = "".join(f"        self.a{i} = nn.Conv2d(8, 8, 3, padding=1)\n" for i in range(10))
    calls = "".join(
        f"        x = F.relu(self.a{i}(x))\n" if i % 2 else f"        x = self.a{i}(x)\n" for i in range(10)
    )
    made = "".join(f"        self.b{i} = Block({i})\n" for i in range(blocks))
    used = "".join(f"        x = self.b{i}(x)\n" for i in range(blocks))
    return (
        "import torch.nn.functional as F\nfrom torch import nn\n\n\nclass Block(nn.Module):\n"
        f"    def __init__(self, number):\n        super().__init__()\n{layers}\n    def forward(self, x):\n{calls}"
        "        return x\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"{made}\n    def forward(self, x):\n{used}        return x\n"
    )


def resnet152() -> str:
    """ResNet-152 with each of its 50 blocks written out, so that none is folded by a loop."""
    source = library["resnet50"].source
    block = source[source.index("class Bottleneck") : source.index("class Net(")]
    made, used, inputs = "", "", 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 8), (256, 36), (512, 3)), 1):
        for number in range(blocks):
            stride = 2 if stage > 1 and number == 0 else 1
            made += f"        self.s{stage}b{number} = Bottleneck({inputs}, {width}, {stride})\n"
            used += f"        x = self.s{stage}b{number}(x)\n"
            inputs = 4 * width
    return (
        "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n" + block + "class Net(nn.Module):\n"
        "    def __init__(self, channels, classes):\n        super().__init__()\n"
        "        self.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)\n"
        "        self.norm1 = nn.BatchNorm2d(64)\n        self.pool1 = nn.MaxPool2d(3, stride=2, padding=1)\n"
        f"{made}        self.average = nn.AdaptiveAvgPool2d(1)\n        self.fc = nn.Linear(2048, classes)\n\n"
        "    def forward(self, x):\n        x = self.pool1(F.relu(self.norm1(self.conv1(x))))\n"
        f"{used}        return self.fc(self.average(x).flatten(1))\n"
    )


def save(url: str, source: str, name: str) -> str:
    """Keep a network on the server; the address of its page."""
    body = {"source": source, "name": name, "channels": 3, "height": 64, "width": 64}
    return f"{url}/networks/" + requests.post(f"{url}/api/v1/networks/saved", json=body, timeout=60).json()["id"]


def opened(page: Page, address: str) -> None:
    """Go there and wait until it is drawn and measured."""
    page.goto(address)
    page.wait_for_function("document.querySelector('[data-part=totals]').textContent.includes('weights')")
    page.evaluate(WATCH)


def typing(page: Page) -> Callable[[], float]:
    """Milliseconds from the end of the pause until the graph of the new text is drawn."""
    state = {"round": 0}

    def once() -> float:
        state["round"] += 1
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+End")
        before = page.evaluate("drawn.length")
        page.keyboard.type(f"# {state['round']} ")
        began = page.evaluate("performance.now()")
        page.wait_for_function(f"drawn.length > {before}")
        return float(page.evaluate("drawn.at(-1)")) - float(began) - PAUSE

    return once


def editing(page: Page) -> Callable[[], float]:
    """Milliseconds from asking for a layer's duplicate until the source has changed; undone again each time."""

    def once() -> float:
        page.wait_for_timeout(1500)  # the measuring of the text before is over, as when a person edits
        page.locator(".nw-node[data-id='conv0#1']").focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        page.evaluate(
            """() => new Promise((resolve) => {
              window.waited = 0;
              const code = document.querySelector(".cm-content"), began = performance.now();
              new MutationObserver((_, observer) => {
                observer.disconnect();
                window.waited = performance.now() - began;
              }).observe(code, { childList: true, subtree: true, characterData: true });
              resolve();
            })"""
        )
        page.evaluate("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'd', bubbles: true }))")
        page.wait_for_function("window.waited > 0")
        took = float(page.evaluate("window.waited"))
        before = page.evaluate("drawn.length")
        page.locator("[data-act=undo]").click()
        page.wait_for_function(f"drawn.length > {before}")
        return took

    return once


def expanded(browser: Browser, page: Page, address: str, nodes: int) -> tuple[float, float, int]:
    """Draw everything: seconds until it is in sight, the longest task of the main thread in ms of its own processor
    time (a busy neighbour does not lengthen that), and how many nodes there are."""
    opened(page, address)
    before = page.evaluate("drawn.length")
    browser.start_tracing(page=page, categories=["toplevel", "__metadata"])
    began = time.perf_counter()
    page.locator("[data-act=open-all]").click()
    page.wait_for_function(f"drawn.length > {before}")
    seconds = time.perf_counter() - began
    page.wait_for_function(f"document.querySelectorAll('.nw-node').length >= {nodes}")
    page.wait_for_timeout(1500)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {(e["pid"], e["tid"]) for e in events if e["args"].get("name") == "CrRendererMain"}
    tasks = [e["tdur"] / 1000 for e in events if (e["pid"], e["tid"]) in threads and "tdur" in e]
    return seconds, max(tasks), page.locator(".nw-node").count()


def main() -> None:
    """Measure, print, and end with 1 if a claim is missed."""
    options = arguments(__doc__ or "")
    large = deep(280)
    print(f"  call sites of the large network: {len(read(large).nodes):,}")
    with tempfile.TemporaryDirectory() as home, running(Path(home)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, bypass_csp=True)  # waiting evaluates text
        page.set_default_timeout(60_000)
        opened(page, save(server.url, network(100), "A hundred layers") + "#fold=0")  # every layer by itself
        variants = {"typing to graph": typing(page), "graph edit to source": editing(page)}
        interleave(variants, 1)
        results = interleave(variants, 3 if options.quick else 15)
        table(results, "ms")
        seconds, longest, nodes = expanded(browser, page, save(server.url, resnet152(), "ResNet-152"), 575)
        print(f"  ResNet-152 whole: {nodes} nodes in {seconds:.2f} s, longest task {longest:.0f} ms of CPU")
        page.goto(save(server.url, large, "Five thousand"))
        page.wait_for_selector(".nw-node")
        page.evaluate(WATCH)
        wide = {"open a block of 5,000 layers": toggling(page)}
        interleave(wide, 1)
        folded = interleave(wide, 3 if options.quick else 9)
        table(folded, "ms")
        shown = page.locator(".nw-node").count()
        print(f"  5,000 layers: {shown} nodes drawn")
    verdict(
        Claim("pause to graph, 100 layers, ms", median(results["typing to graph"]), most=250),
        Claim("graph edit to source, 100 layers, ms", median(results["graph edit to source"]), most=200),
        Claim("longest task of the page while ResNet-152 is drawn whole, ms of CPU", longest, most=50),
        Claim("nodes of ResNet-152 drawn whole", nodes, least=500),
        Claim(
            "open or close a block among 5,000 layers, ms", median(folded["open a block of 5,000 layers"]), most=1000
        ),
    )


def toggling(page: Page) -> Callable[[], float]:
    """Milliseconds from opening (or closing) the first block until it is drawn."""

    def once() -> float:
        before = page.evaluate("drawn.length")
        began = page.evaluate("performance.now()")
        page.evaluate(
            "document.querySelector('[data-open]').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))"
        )
        page.wait_for_function(f"drawn.length > {before}")
        return float(page.evaluate("drawn.at(-1)")) - float(began)

    return once


if __name__ == "__main__":
    main()
