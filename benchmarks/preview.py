"""The dataset form's preview: six photos under five modes (and "none"), every keystroke another width, over HTTP, warm.

The bound is a time; the peer is what a form without a kept copy would do: read, decode and prepare anew. On a machine
that is busy with other work the CPU time of the server and of the peer is taken instead, as if there were one core.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil
import requests

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from benchmarks._server import running
from benchmarks.build_dataset import photos_500x375
from benchmarks.build_modes import photos_3mp
from data.codecs import encode
from data.preparation import Preparation
from data.resize import pillow_resampler

MODES = ("crop", "fill", "half_crop", "shortest_side", "squash")
MOST_MS = 150
LARGE = "2048x1536"
BUSY = os.getloadavg()[0] > 1.3 * (os.cpu_count() or 1)


def main() -> None:
    """Photos of both sizes."""
    rounds = 5 if arguments(__doc__ or "").quick else 25
    print(f"Milliseconds of {'CPU: this machine is busy' if BUSY else 'time'}.")
    claims = []
    with tempfile.TemporaryDirectory() as home:
        folders = {"500x375": photos_500x375(Path(home) / "a", 24), LARGE: photos_3mp(Path(home) / "b", 24)}
        with running(Path(home) / "home", "--data-root", home) as server:
            for name, folder in folders.items():
                ask = keystrokes(server.url, folder)
                paths = [one["path"] for one in ask()["pictures"]]
                for _ in range(3):
                    ask()
                clock = cpu_of(server.process.pid) if BUSY else time.perf_counter
                own = time.process_time if BUSY else time.perf_counter
                variants = {"preview": timed(ask, clock), "from the files": timed(lambda p=paths: afresh(p), own)}
                results = interleave(variants, rounds)
                print(f"six photos of {name}")
                table(results, "ms")
                claims.append(Claim(f"{name}: milliseconds a keystroke", median(results["preview"]), most=MOST_MS))
                if name == LARGE:  # small photos are decoded in no time, and the peer draws no sheet
                    gain = ratio(results, "from the files", "preview")
                    claims.append(Claim(f"{name}: from the files, over it", gain, least=3))
    verdict(*claims)


def keystrokes(url: str, folder: Path) -> Callable[[], dict]:
    """A call that asks for the preview with a width that was not asked for before."""
    session, widths = requests.Session(), itertools.count(200)

    def ask() -> dict:
        body = {"folder": str(folder), "width": next(widths), "height": 256, "encoding": "jpg", "count": 6, "cell": 96}
        answer = session.post(f"{url}/api/v1/previews", json=body, timeout=60)
        answer.raise_for_status()
        found: dict = answer.json()
        return found

    return ask


def afresh(paths: list[str]) -> None:
    """Every mode of every photo from its file, with the bytes of all encodings."""
    for path in paths:
        content = Path(path).read_bytes()
        for mode in MODES:
            pixels = Preparation(256, 256, 3, mode).content(content, resample=pillow_resampler)
            for encoding in ("png", "jpg"):
                encode(pixels, encoding)


def cpu_of(pid: int) -> Callable[[], float]:
    """A clock that shows the CPU seconds of a process."""
    process = psutil.Process(pid)
    return lambda: sum(process.cpu_times()[:2])


def timed(work: Callable[[], object], clock: Callable[[], float]) -> Callable[[], float]:
    """Milliseconds of a call."""

    def run() -> float:
        start = clock()
        work()
        return 1e3 * (clock() - start)

    return run


if __name__ == "__main__":
    main()
