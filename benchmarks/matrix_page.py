"""The page of an evaluation with 1,000 classes shows its matrix within a second, from the click to the painted cells.

A finished evaluation of 50,000 images with random answers, opened in Chromium as often as there are rounds, warm.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._models import photos
from benchmarks._server import running
from data.whole import write_json
from jobs.folder import EventLog, JobFolder
from jobs.job import Job, new_id
from jobs.store import Store
from jobs.summary import Summary
from models.evaluation.items import Items
from models.evaluation.records import RESULT
from models.evaluation.report import report
from models.evaluation.run import plain
from tests.browser.conftest import CHROMIUM, FLAGS

CLASSES, IMAGES = 1000, 50_000


def make(home: Path) -> str:
    """A finished evaluation in ``home``; its id."""
    store = Store(home)
    model = store.create(Job(new_id(), "model", "train_model", "a model", {}, created=time.time()))
    options = {"model": model.id, "images": "list", "roots": []}
    job = Job(new_id(), "evaluation", "evaluate", "1,000 classes", options, parents=(model.id,), created=time.time())
    row = store.create(job, prepare=lambda folder: fill(folder, home))
    for one in (model, row):
        log = EventLog(store.folder(one.id).events_path)
        log.append("status", status="Done")
        state = store.folder(one.id).state()
        store.record(one.id, state, Summary(store.folder(one.id)).update(state, final=True))
    store.close()
    return row.id


def fill(folder: JobFolder, home: Path) -> None:
    """Random answers, right in seven of ten cases, and everything that is worked out from them."""
    chance = np.random.default_rng(0)
    records = np.zeros(IMAGES, RESULT)
    labels = np.arange(IMAGES) % CLASSES
    wrong = chance.random(IMAGES) < 0.3
    records["label"], records["predicted"] = labels, np.where(wrong, chance.integers(0, CLASSES, IMAGES), labels)
    records["rank"] = records["predicted"] != labels
    records["confidence"] = records["truth"] = chance.random(IMAGES)
    records["loss"] = -np.log(records["truth"])
    records.tofile(folder.artifacts / "results.bin")
    paths = photos(home / "few", 40, 64, 64)
    Items.write(folder.artifacts / "items", ((paths[n % len(paths)], int(labels[n])) for n in range(IMAGES)))
    names = [f"class {number}" for number in range(CLASSES)]
    about = {
        "format": 1, "model": "", "checkpoint": "epoch-01.00", "classes": names, "images": "list", "dataset": None,
        "split": None, "path": "list.txt", "count": IMAGES, "scores": False, "height": 64, "width": 64, "channels": 3,
        "same": "x",
    }  # fmt: skip
    found = report(records, None, CLASSES)
    found.save(folder.artifacts)
    write_json(folder.artifacts / "report.json", plain(found.facts))
    write_json(folder.artifacts / "evaluation.json", about)
    log = EventLog(folder.events_path)
    log.append("artifact", name="evaluation", value=about)


def main() -> None:
    """Open the page again and again."""
    rounds = 3 if arguments(__doc__ or "").quick else 9
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        job = make(home)
        with running(home) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            seconds = []
            for _ in range(rounds + 1):
                page.goto(f"{server.url}/evaluations/{job}", wait_until="commit")
                page.wait_for_selector("#matrix canvas[data-drawn]", timeout=60_000)
                seconds.append(page.evaluate("performance.now()") / 1000)
            browser.close()
    first, *warm = seconds
    print(f"  {median(warm):.2f} s ({min(warm):.2f} to {max(warm):.2f}); first time {first:.2f} s")
    verdict(Claim("seconds from the click to the painted matrix of 1,000 classes", median(warm), most=1.0))


if __name__ == "__main__":
    main()
