"""The form of a new model: an uploaded file fills it, layers are frozen by clicking, a card says what it takes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from safetensors.torch import save_file

from models.networks import networks
from models.source_loader import load_network
from tests.data.factory import make_gradient_folder

pytestmark = [pytest.mark.browser, pytest.mark.process]
PATIENCE = 20_000


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LeNet for ten classes of the same images."""
    network = load_network(networks["lenet"].source, channels=3, height=28, width=28, classes=10)
    path = tmp_path_factory.mktemp("weights") / "lenet.safetensors"
    save_file(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def dataset(address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three classes of gradients, asked for over REST."""
    root = tmp_path_factory.mktemp("set")
    make_gradient_folder(root / "gradients")
    archive = Path(shutil.make_archive(str(root / "gradients"), "zip", root / "gradients"))
    sent = requests.post(f"{address}/api/v1/uploads?filename=g.zip", data=archive.read_bytes(), timeout=60)
    values = {"folder": sent.json()["path"], "width": 28, "height": 28, "name": "For fine-tuning"}
    return str(requests.post(f"{address}/api/v1/datasets", json=values, timeout=60).json()["id"])


def test_weights_are_uploaded_layers_frozen_and_the_training_starts_from_them(
    page: Page, address: str, dataset: str, weights: Path
) -> None:
    page.goto(f"{address}/models/images/classification/new?dataset={dataset}")
    expect(page.locator("#preflight .fv-memory")).to_be_visible(timeout=60_000)  # the inspector starts
    expect(page.locator("#preflight")).to_contain_text("16 × 16 px at pool2")

    start = page.locator("#start")
    start.locator("summary").first.click()
    page.select_option("#start-kind", "weights_file")
    page.locator("#weights-upload input").set_input_files(weights)
    expect(start).to_contain_text("6 of 8 tensors are taken from lenet.safetensors", timeout=30_000)
    start.locator("summary", has_text="Every tensor").click()
    expect(start).to_contain_text("Made for 10 classes, here are 3")

    page.click("text=Freeze all but the classifier")
    expect(page.locator("#f-freeze")).to_have_value("conv1, conv2, fc1")
    page.locator('[data-layer="fc1"] input[type=checkbox]').uncheck()
    expect(page.locator("#f-freeze")).to_have_value("conv1, conv2")
    page.locator('[data-layer="fc1"] .fv-factor').fill("0.1")
    page.locator('[data-layer="fc1"] .fv-factor').blur()
    expect(page.locator("#f-rate_factors")).to_have_value("fc1 = 0.1")
    expect(page.locator("#f-learning_rate")).to_have_attribute("placeholder", "0.001")

    page.fill("input[name=epochs]", "1")
    page.click("button[type=submit]:has-text('Train the model')")
    page.wait_for_url("**/models/2*")
    job = page.url.rstrip("/").rsplit("/", 1)[-1]
    expect(page.locator(".status, .badge").filter(has_text="Done").first).to_be_visible(timeout=120_000)
    said = requests.get(f"{address}/api/v1/jobs/{job}", timeout=20).json()
    assert said["artifacts"]["model"]["start"]["counts"]["taken"] == 6
    assert (said["options"]["freeze"], said["options"]["rate_factors"]) == ("conv1, conv2", "fc1 = 0.1")


def test_layers_are_frozen_and_given_rates_by_clicking_them_in_the_graph(
    page: Page, address: str, dataset: str
) -> None:
    page.goto(f"{address}/models/images/classification/new?dataset={dataset}&network=squeezenet")
    page.locator("#start summary").first.click()
    page.locator("#freeze-graph summary").click(timeout=60_000)  # it comes with the table
    graph = page.locator("#freeze-graph")
    graph.locator("[data-open='features#1']").click()
    run, card = graph.locator("[data-id='features#1/3..4']"), graph.locator("[data-id='features#1/0']")
    card.click(position={"x": 40, "y": 12})
    run.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#f-freeze")).to_have_value("features.0, features.3, features.4")
    expect(run).to_have_class(re.compile("nw-frozen"))
    expect(graph.locator("[data-id='features#1']")).to_have_class(re.compile("nw-partly"))
    expect(page.locator("[data-layer='features.4'] input[type=checkbox]")).to_be_checked()
    card.click(position={"x": 40, "y": 12})
    expect(page.locator("#f-freeze")).to_have_value("features.3, features.4")
    graph.locator("[data-tool-rate]").fill("0.5")
    card.click(position={"x": 40, "y": 12})
    expect(page.locator("#f-rate_factors")).to_have_value("features.0 = 0.5")
    expect(card).to_contain_text("rate × 0.5")
    graph.locator("[data-id='features#1/1']").click(position={"x": 40, "y": 12})
    expect(graph.locator("[data-graph-said]")).to_contain_text("has no weights")
