"""The web process answers within 2 s of its start and stays under 120 MB, however many pages are opened."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import requests

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._server import running

PAGES = ("/", "/datasets/images/classification/new", "/models/images/classification/new", "/about", "/api/v1/networks",
         "/api/v1/jobs", "/api/v1/openapi.json", "/api/v1/models/options", "/browse/paths?path=/")  # fmt: skip


def main() -> None:
    """Start a few servers, each on a new home, and open every page many times."""
    quick = arguments(__doc__ or "").quick
    seconds, after_start, after_use = [], [], []
    for _ in range(2 if quick else 5):
        with tempfile.TemporaryDirectory() as home, running(Path(home)) as server:
            seconds.append(server.seconds)
            after_start.append(server.megabytes)
            with requests.Session() as session:
                for page in PAGES * (3 if quick else 20):
                    session.get(server.url + page, timeout=20)
            after_use.append(server.megabytes)
    print(f"  memory: {median(after_start):.0f} MB after the start, {median(after_use):.0f} MB after use")
    verdict(
        Claim("seconds from start to the first answer", median(seconds), most=2.0),
        Claim("largest memory of the web process, MB", max(after_use), most=120.0),
    )


if __name__ == "__main__":
    main()
