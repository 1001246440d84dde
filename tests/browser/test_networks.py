"""Networks designed in Chromium, by mouse alone and by keyboard alone, trained, and found to be what was drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from app.pages.networks import START
from models.source.parse import read
from models.source.text import Source
from tests.browser.test_main_job import wait_done
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 20_000
LOOP = """from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        layers = [nn.Conv2d(channels, 8, 3, padding=1)]
        for _ in range(4):
            layers.append(nn.Conv2d(8, 8, 3, padding=1))
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 32 * 32, classes))

    def forward(self, x):
        return self.body(x)
"""


@pytest.fixture(scope="module")
def dataset(address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Thirty images of 32 x 32 pixels, built."""
    import shutil
    import time

    root = tmp_path_factory.mktemp("set")
    make_gradient_folder(root / "gradients")
    archive = Path(shutil.make_archive(str(root / "gradients"), "zip", root / "gradients"))
    with archive.open("rb") as file:
        sent = requests.post(f"{address}/api/v1/uploads", files={"file": ("gradients.zip", file)}, timeout=30).json()
    body = {"folder": sent["path"], "name": "Gradients for designs", "width": 32, "height": 32}
    job = requests.post(f"{address}/api/v1/datasets", json=body, timeout=30).json()["id"]
    for _ in range(600):
        if requests.get(f"{address}/api/v1/jobs/{job}", timeout=20).json()["status"] == "Done":
            return job
        time.sleep(0.2)
    raise AssertionError("the dataset was not built")


def node(page: Page, name: str) -> Locator:
    """The card of a node."""
    return page.locator(f".nw-node[data-id='{name}']")


def open_editor(page: Page, address: str, path: str) -> None:
    """Go to a network, and wait until it is drawn, measured, and the palette is there."""
    page.goto(address + path)
    expect(page.locator("#palette button").first).to_be_visible()
    expect(page.locator("[data-part=totals]")).to_contain_text("weights", timeout=60_000)  # the first starts PyTorch


def text(page: Page) -> str:
    """The source as the editor has it."""
    return str(page.evaluate("[...document.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\\n')"))


def middle(item: Locator) -> tuple[float, float]:
    """Where to put the pointer to hit an element."""
    box = item.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, op: str, to: tuple[float, float]) -> None:
    """Drag a layer out of the palette."""
    button = page.locator(f"#palette button[data-op='{op}']")
    button.scroll_into_view_if_needed()
    page.mouse.move(*middle(button))
    page.mouse.down()
    page.mouse.move(to[0] + 20, to[1] + 20, steps=5)
    page.mouse.move(*to, steps=3)
    page.mouse.up()


def wire(page: Page, source: str, target: str) -> tuple[float, float]:
    """The middle of the line between two cards that stand below one another."""
    box, below = node(page, source).bounding_box(), node(page, target).bounding_box()
    assert box is not None
    assert below is not None
    return box["x"] + box["width"] / 2, (box["y"] + box["height"] + below["y"]) / 2


def halfway(page: Page, source: str, target: str) -> tuple[float, float]:
    """The middle of any line, wherever it goes."""
    found = page.locator(f"[data-from='{source}'][data-to='{target}'] .nw-wire").evaluate(
        """(path) => {
          const at = path.getPointAtLength(path.getTotalLength() / 2), to = path.getScreenCTM();
          return [at.x * to.a + to.e, at.y * to.d + to.f];
        }"""
    )
    return found[0], found[1]


def drawn_as_written(page: Page, source: str) -> None:
    """The cards on the page are the nodes of the source's graph."""
    graph = read(Source(source), arguments={"channels": 3, "height": 32, "width": 32, "classes": 10})
    shown = page.evaluate("[...document.querySelectorAll('.nw-node')].map((card) => card.dataset.id)")
    assert sorted(shown) == sorted(item.id for item in graph.nodes)


def trained(page: Page, address: str) -> dict[str, Any]:
    """The model of the page that training led to, once it is Done."""
    job = wait_done(page, address)
    model: dict[str, Any] = requests.get(f"{address}/api/v1/models/{job}", timeout=20).json()
    model["source"] = requests.get(f"{address}/api/v1/models/{job}/source", timeout=20).text
    return model


def saved_source(address: str, network: str) -> str:
    """The newest version of a saved network."""
    return str(requests.get(f"{address}/api/v1/networks/saved/{network}", timeout=20).json()["source"])


def test_a_network_is_designed_by_mouse_alone_and_trained(page: Page, address: str, dataset: str) -> None:
    open_editor(page, address, "/networks/new")
    drag(page, "nn.BatchNorm2d", wire(page, "conv1#1", "relu#1"))
    expect(node(page, "norm#1")).to_be_visible()
    expect(page.locator("#selected h2")).to_have_text("norm")

    page.mouse.click(*middle(node(page, "norm#1")))
    page.locator("#selected button", has_text="Add to").click()
    page.mouse.click(*wire(page, "relu#1", "max_pool2d#1"))  # norm is added to what relu gives
    expect(node(page, "add#1")).to_be_visible()

    page.locator("[data-tab=palette]").click()
    drag(page, "F.gelu", middle(node(page, "relu#1")))  # dropped on a layer: swapped
    expect(node(page, "gelu#1")).to_be_visible()

    page.mouse.click(*middle(node(page, "max_pool2d#1")))
    page.locator("#selected button", has_text="Delete").click()
    expect(node(page, "max_pool2d#1")).to_have_count(0)
    page.locator("[data-act=undo]").click()
    expect(node(page, "max_pool2d#1")).to_be_visible()

    source = text(page)
    assert "self.norm = nn.BatchNorm2d(16)" in source
    assert "F.gelu(" in source
    drawn_as_written(page, source)
    page.locator("[data-act=train]").click()  # not saved yet: asks for a name first
    page.locator("#save-dialog button[type=submit]").click()
    page.wait_for_url("**/models/images/classification/new?network=*")
    network = page.url.rsplit("=", 1)[-1]
    expect(page.locator(f"input[value='{network}']")).to_be_checked()
    page.select_option("select[name=dataset]", dataset)
    page.locator("button[type=submit]", has_text="Train the model").click()
    page.wait_for_url("**/models/2*")
    model = trained(page, address)
    assert model["options"]["network"] == network
    assert model["source"] == saved_source(address, network) == source


def test_branches_are_joined_one_use_wrapped_and_layers_doubled_by_mouse(page: Page, address: str) -> None:
    open_editor(page, address, "/networks/new")
    before = text(page)
    page.mouse.click(*middle(node(page, "conv1#1")))
    page.locator("#selected button", has_text="Join to").click()
    page.mouse.click(*wire(page, "relu#1", "max_pool2d#1"))
    expect(node(page, "cat#1")).to_be_visible()
    expect(page.locator("#problems")).to_contain_text("conv2 expects 16 channels, gets 32 from cat")
    assert "x = F.relu(skip)" in text(page)
    assert "torch.cat([x, skip], dim=1)" in text(page)

    page.locator("[data-tab=palette]").click()
    drag(page, "nn.BatchNorm2d", halfway(page, "conv1#1", "cat#1"))  # what relu gets of conv1 stays as it was
    expect(node(page, "norm#1")).to_be_visible()
    assert "x = F.relu(skip)" in text(page)
    assert "torch.cat([x, self.norm(skip)], dim=1)" in text(page)

    expect(page.locator("#selected h2")).to_have_text("norm")
    page.locator("#selected button", has_text="Duplicate").click()
    expect(node(page, "norm#1..norm2#1")).to_have_attribute("aria-pressed", "true")  # drawn as one with its twin
    assert "self.norm2(self.norm(skip))" in text(page)
    page.mouse.click(*middle(node(page, "conv1#1")))  # a node marks where it is made and where it is used
    expect(page.locator(".nw-marked-line")).to_have_count(2)
    expect(page.locator(".nw-marked").first).to_have_text("nn.Conv2d(channels, 16, 3, padding=1)")
    expect(page.locator(".nw-marked").last).to_have_text("self.conv1(x)")
    for _ in range(3):
        page.locator("[data-act=undo]").click()
    expect(node(page, "cat#1")).to_have_count(0)
    assert text(page) == before


def press_until(page: Page, wanted: str, key: str = "Tab", most: int = 150) -> None:
    """Press a key until the focus is on what matches."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate(f"document.activeElement.matches({wanted!r})"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def test_a_network_is_designed_by_keyboard_alone_and_trained(page: Page, address: str, dataset: str) -> None:
    open_editor(page, address, "/networks/new")
    page.keyboard.press("F6")  # the source
    page.keyboard.press("F6")  # the graph
    page.keyboard.press("ArrowDown")
    expect(node(page, "conv1#1")).to_be_focused()
    page.keyboard.press("i")
    page.keyboard.type("batchnorm2")
    page.keyboard.press("Enter")
    expect(node(page, "norm#1")).to_be_focused()

    for _ in range(3):  # relu, max_pool2d, conv2
        page.keyboard.press("ArrowDown")
    expect(node(page, "conv2#1")).to_be_focused()
    page.keyboard.press("e")
    press_until(page, "#nw-out_channels")
    page.keyboard.press("Control+a")
    page.keyboard.type("24")
    page.keyboard.press("Enter")
    expect(page.locator("#problems")).to_contain_text("fc expects 32 features, gets 24")
    expect(node(page, "conv2#1")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    expect(node(page, "fc#1")).to_be_focused()
    page.keyboard.press("x")  # mended by the fix that is offered
    expect(page.locator("#problems")).to_contain_text("Nothing wrong found")

    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("a")  # norm is added to the line into max_pool2d
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(node(page, "max_pool2d#1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(node(page, "add#1")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(node(page, "add#1")).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(node(page, "add#1")).to_be_visible()

    source = text(page)
    assert "nn.Conv2d(16, 24, 3, padding=1)" in source
    assert "nn.Linear(24, classes)" in source
    drawn_as_written(page, source)
    page.keyboard.press("Control+s")
    page.keyboard.type("By keys")
    page.keyboard.press("Enter")
    page.wait_for_url("**/networks/2*")
    network = page.url.rsplit("/", 1)[-1].split("#")[0]
    expect(page.locator("#save-state")).to_have_text("Version 1")
    page.keyboard.press("t")
    page.wait_for_url("**/models/images/classification/new?network=*")
    press_until(page, "select[name=dataset]")
    page.keyboard.type("Gradients for designs")
    press_until(page, "button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/2*")
    model = trained(page, address)
    assert (model["options"]["network"], model["options"]["dataset"]) == (network, dataset)
    assert model["source"] == saved_source(address, network) == source


def test_what_is_wrong_is_said_at_its_line_and_on_its_node_and_mended_by_one_click(page: Page, address: str) -> None:
    open_editor(page, address, "/networks/lenet")
    line = page.locator(".cm-line", has_text="self.conv2 = nn.Conv2d")
    line.click()
    expect(page.locator("#selected h2")).to_have_text("conv2")  # the cursor chooses the node
    expect(node(page, "conv2#1")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("End")
    page.keyboard.press("Shift+Home")
    page.keyboard.type("self.conv2 = nn.Conv2d(24, 50, kernel_size=5)")
    expect(page.locator("#problems")).to_contain_text("conv2 expects 24 channels, gets 20 from conv1.")
    expect(page.locator("#graph .nw-wrong")).to_have_attribute("data-id", "conv2#1")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    page.locator("#selected .nw-problem button", has_text="Set in_channels to 20").click()
    expect(page.locator("#graph .nw-wrong")).to_have_count(0)
    assert "nn.Conv2d(20, 50, kernel_size=5)" in text(page)
    page.locator("[data-act=undo]").click()  # the fix alone: what was typed before stays
    expect(page.locator("#graph .nw-wrong")).to_have_count(1)

    line.click()
    page.keyboard.press("End")
    page.keyboard.type("  )")
    expect(page.locator("#problems")).to_contain_text("unmatched ')'")
    expect(page.locator("#graph.nw-stale .nw-node").first).to_be_visible()  # the last good graph stays


def test_blocks_open_and_a_link_brings_the_view_back(page: Page, address: str) -> None:
    open_editor(page, address, "/networks/resnet50")
    assert page.locator(".nw-node").count() < 20
    page.locator("[data-open='stage2#1']").click()
    expect(node(page, "stage2#1/0")).to_be_visible()
    page.mouse.click(*middle(node(page, "stage2#1/0")))
    expect(page.locator("#selected h2")).to_have_text("0")
    address_of_view = page.url
    page.goto("about:blank")
    page.goto(address_of_view)
    expect(node(page, "stage2#1/0")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-act=close-all]").click()
    expect(node(page, "stage2#1/0")).to_have_count(0)
    page.locator("[data-act=open-all]").click()
    expect(node(page, "stage4#1/1/conv3#1")).to_be_attached()


def test_the_drawing_is_saved_as_a_picture(page: Page, address: str, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    from PIL import Image

    open_editor(page, address, "/networks/lenet")
    for kind in ("svg", "png"):
        page.locator("button[aria-label=More]").click()
        with page.expect_download() as download:
            page.locator(f"[data-act={kind}]").click()
        download.value.save_as(tmp_path / f"net.{kind}")
        assert download.value.suggested_filename == f"LeNet.{kind}"
    words = "".join(ElementTree.parse(tmp_path / "net.svg").getroot().itertext())
    assert "conv1" in words
    assert "20 × 24 × 24" in words
    with Image.open(tmp_path / "net.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 10  # not a blank sheet


def test_nothing_is_overwritten_and_drafts_are_kept(browser: Browser, address: str) -> None:
    page = browser.new_page()  # not the fixture's: Chromium logs the refusal below as an error of the console
    body = {"source": START, "name": "Shared", "channels": 3, "height": 32, "width": 32, "classes": 10}
    network = requests.post(f"{address}/api/v1/networks/saved", json=body, timeout=20).json()["id"]
    open_editor(page, address, f"/networks/{network}")
    page.locator(".cm-line").first.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# mine\n")
    expect(page.locator("#save-state")).to_have_text("Not saved")
    page.reload()
    page.locator("[data-draft-use]").click()
    expect(page.locator(".cm-line").first).to_have_text("# mine")
    other = {**body, "source": START + "# theirs\n", "base": 1}
    del other["name"]
    requests.post(f"{address}/api/v1/networks/saved/{network}/versions", json=other, timeout=20).raise_for_status()
    with page.expect_response("**/versions") as refused:
        page.keyboard.press("Control+s")
        page.keyboard.press("Enter")
    assert refused.value.status == 409
    expect(page.locator("[data-save-error]")).to_contain_text(
        "saved version 2 of Shared after you had opened version 1"
    )
    page.locator("input[name=as][value=new]").check()
    page.locator("#save-dialog button[type=submit]").click()
    expect(page.locator("#save-state")).to_have_text("Version 1")
    assert saved_source(address, network).endswith("# theirs\n")
    page.close()


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_the_pages_are_not_wider_than_a_phone(page: Page, address: str) -> None:
    for path in ("/networks", "/networks/new", "/networks/resnet18"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_edits_of_the_graph_leave_cursor_and_history_alone(page: Page, address: str) -> None:
    open_editor(page, address, "/networks/new")
    before = text(page)
    page.locator(".cm-line", has_text="return self.fc(x)").click()
    page.keyboard.press("End")
    page.keyboard.type("  # typed")
    expect(page.locator("#save-state")).to_have_text("Not saved")
    expect(page.locator("#graph:not([aria-busy])")).to_be_visible()
    typed = text(page)
    page.locator("[data-tab=palette]").click()
    drag(page, "nn.Dropout", wire(page, "flatten#1", "fc#1"))
    expect(page.locator("#selected h2")).to_have_text("drop")
    expect(page.locator(".cm-activeLine")).to_have_text("        return self.fc(self.drop(x))  # typed")
    page.locator(".cm-content").focus()
    page.keyboard.type("!")
    assert "return self.fc(self.drop(x))  # typed!" in text(page)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert text(page) == typed
    page.keyboard.press("Control+z")
    assert text(page) == before
    expect(page.locator(".nw-node[data-id^=drop]")).to_have_count(0)


def test_names_of_layers_are_completed(page: Page, address: str) -> None:
    open_editor(page, address, "/networks/new")
    page.locator(".cm-line", has_text="self.pool = ").click()
    page.keyboard.press("End")
    page.keyboard.type("\nself.norm = nn.BatchNorm2")
    expect(page.locator(".cm-tooltip-autocomplete li[aria-selected=true]")).to_contain_text("BatchNorm2d")
    page.wait_for_timeout(200)  # a completion is taken by Enter only after it has been seen
    page.keyboard.press("Enter")
    page.keyboard.type("(32)")
    assert "self.norm = nn.BatchNorm2d(32)" in text(page)


def test_a_repeat_count_is_changed(page: Page, address: str) -> None:
    body = {"source": LOOP, "name": "Loop", "channels": 3, "height": 32, "width": 32, "classes": 10}
    network = requests.post(f"{address}/api/v1/networks/saved", json=body, timeout=20).json()["id"]
    open_editor(page, address, f"/networks/{network}")
    page.locator("[data-open='body#1']").click()
    expect(page.locator(".nw-node", has_text="×4")).to_have_count(1)
    page.mouse.click(*middle(page.locator(".nw-node", has_text="×4")))
    page.locator("#nw-repeat").fill("6")
    page.locator("#nw-repeat").press("Enter")
    expect(page.locator(".nw-node", has_text="×6")).to_have_count(1)
    assert "for _ in range(6):" in text(page)
