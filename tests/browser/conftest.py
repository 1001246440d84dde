"""A real server and Chromium; any console error and any request that leaves the machine fails the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from benchmarks._server import running

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a single-user server."""
    with running(tmp_path_factory.mktemp("foveal"), OMP_NUM_THREADS="1") as server:
        yield server.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; a machine without it skips, CI never does."""
    if not CHROMIUM.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"{CHROMIUM} is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest) -> None:
    """How long expectations wait: the module's PATIENCE in milliseconds, else Playwright's own five seconds."""
    expect.set_options(timeout=getattr(request.module, "PATIENCE", 5_000))


@pytest.fixture(params=[(1280, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page of the asked size."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    wrong: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(f"{page.url}: {message.text}")

    def requested(asked: Request) -> None:
        if urlsplit(asked.url).hostname not in (None, "127.0.0.1", ""):
            wrong.append(f"{page.url} asks {asked.url}")

    page.on("console", console)
    page.on("request", requested)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.set_default_timeout(60_000)
    yield page
    context.close()
    assert not wrong
