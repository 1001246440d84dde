"""A curve of 10 million points at the width of a screen, over HTTP, in under 50 ms: whole, smoothed and zoomed.

The first look at a curve after the start of the server reads all of it; its time is told, not claimed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import requests

from benchmarks import _harness as harness
from benchmarks._runs import fill
from benchmarks._server import running


def main() -> None:
    """Measure requests as the page of a model makes them."""
    points = 1_000_000 if harness.arguments(__doc__ or "").quick else 10_000_000
    rounds = 21
    with tempfile.TemporaryDirectory() as folder:
        (run, *_) = fill(Path(folder), 1, ["train/loss"], points)
        with running(Path(folder)) as server, requests.Session() as session:
            address = f"{server.url}/api/v1/jobs/{run}/series?curve=train/loss&width=1000"

            def ask(more: str = "") -> Callable[[], float]:
                return lambda: _seconds(session, address + more)

            nothing = median(_seconds(session, f"{server.url}/api/v1/jobs/{run}/events?after=9") for _ in range(rounds))
            first = ask()()
            wanted = {
                "whole": ask(),
                "smoothed": ask("&smooth=0.6"),
                "zoomed": ask(f"&from={points // 3}&to={points // 2}&smooth=0.6"),
            }
            results = harness.interleave(wanted, rounds)
    milliseconds = {name: [1000 * value for value in values] for name, values in results.items()}
    print(
        f"{points:,} points; an answer without a curve takes {1000 * nothing:.1f} ms, the first look {1000 * first:.1f}"
    )
    harness.table(milliseconds, "ms")
    harness.verdict(*(harness.Claim(f"{name}, ms", median(values), most=50) for name, values in milliseconds.items()))


def _seconds(session: requests.Session, address: str) -> float:
    began = time.perf_counter()
    answer = session.get(address, timeout=60)
    taken = time.perf_counter() - began
    answer.raise_for_status()
    return taken


if __name__ == "__main__":
    main()
