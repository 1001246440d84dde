"""The dataset form's preview: six photos under five modes (and "none"), every keystroke another width, over HTTP, warm.

The issue's bound is a time; the peer is what a form without a kept copy would do: read, decode and prepare anew.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

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


def main() -> None:
    """Photos of both sizes."""
    rounds = 5 if arguments(__doc__ or "").quick else 25
    claims = []
    with tempfile.TemporaryDirectory() as home:
        folders = {"500x375": photos_500x375(Path(home) / "a", 24), "2048x1536": photos_3mp(Path(home) / "b", 24)}
        with running(Path(home) / "home", "--data-root", home) as server:
            for name, folder in folders.items():
                ask = keystrokes(server.url, folder)
                paths = [one["path"] for one in ask()["pictures"]]
                for _ in range(3):
                    ask()
                results = interleave(
                    {"preview": timed(ask), "from the files": timed(lambda p=paths: afresh(p))}, rounds
                )
                print(f"six photos of {name}")
                table(results, "ms")
                claims.append(Claim(f"{name}: milliseconds a keystroke", median(results["preview"]), most=MOST_MS))
                claims.append(
                    Claim(f"{name}: from the files, over it", ratio(results, "from the files", "preview"), least=1.5)
                )
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


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Milliseconds of a call."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - start)

    return run


if __name__ == "__main__":
    main()
