"""With 10,000 jobs in the database the home page takes under 150 ms and 300 kB, as do the job list and a search."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from statistics import median

import requests

from benchmarks._harness import Claim, arguments, interleave, table, verdict
from benchmarks._server import running
from jobs.job import Job
from jobs.store import Store, row_of
from jobs.tables import JobRow, ParentRow

JOBS = 10_000


def fill(home: Path, count: int) -> None:
    """Rows as months of use leave them: datasets, models with curves and sparklines, a few at work."""
    store, draw = Store(home), random.Random(0)
    with store.session() as session:
        for number in range(count):
            row = _row(number, draw)
            session.add(row)
            if row.type == "model":
                session.add(ParentRow(child=row.id, parent=f"20260101-000000-{number // 10 * 10:04x}"))
    store.engine.dispose()


def _row(number: int, draw: random.Random) -> JobRow:
    kind = "dataset" if number % 10 == 0 else "model"
    job = Job(
        id=f"20260101-000000-{number:04x}",
        type=kind,
        task="build_dataset" if kind == "dataset" else "train_model",
        name=f"{draw.choice(['LeNet', 'ResNet-18', 'pets', 'scans', 'night'])} {number}",
        options={},
        owner="local",
        created=1.7e9 + 60 * number,
    )
    row = row_of(job)
    row.status, row.fraction = draw.choices(["Done", "Error", "Aborted"], [8, 1, 1])[0], 1.0
    row.started, row.finished = job.created + 1, job.created + 1000
    curve = {"points": 30000, "last": 0.1, "min": 0.05, "max": 2.3}
    names = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "learning_rate", "samples_per_second")
    row.summary = {
        "step": 30000, "epoch": 30.0, "metrics": {"val/accuracy": 0.98, "val/loss": 0.07}, "checkpoints": 30,
        "bytes": 12_345_678, "curves": {name: curve for name in names},
        "sparkline": [round(draw.random(), 4) for _ in range(60)],
    }  # fmt: skip
    return row


def timed(session: requests.Session, url: str) -> float:
    """Milliseconds of one GET, body included."""
    start = time.perf_counter()
    session.get(url, timeout=20).raise_for_status()
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    """Measure the page and its peers in turn."""
    quick = arguments(__doc__ or "").quick
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        fill(home, JOBS)
        with running(home) as server, requests.Session() as session:
            addresses = {"home page": "/", "search": "/?text=scans", "REST list": "/api/v1/jobs?limit=50"}
            size = len(session.get(server.url + "/", timeout=20).content) / 1e3
            visits = {name: lambda path=path: timed(session, server.url + path) for name, path in addresses.items()}
            results = interleave(visits, 5 if quick else 30)
    table(results, "ms")
    verdict(
        Claim("home page with 10,000 jobs, ms", median(results["home page"]), most=150.0),
        Claim("its size, kB", size, most=300.0),
        Claim("a search in 10,000 jobs, ms", median(results["search"]), most=150.0),
        Claim("a page of the REST list, ms", median(results["REST list"]), most=150.0),
    )


if __name__ == "__main__":
    main()
