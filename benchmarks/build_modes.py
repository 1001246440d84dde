"""Building in every resize mode and encoding against DIGITS's design, and 3-megapixel photos read exactly and fast.

500 x 375 photos to 256 x 256 in DIGITS's four modes and all encodings; torchvision's mode beside DIGITS's crop. On a
machine that is busy with other work, images per CPU-second are compared: ten threads take more of it than two.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from benchmarks.build_dataset import SHARED, files, photos_500x375
from benchmarks.peers import digits_create_db
from data.build import build_dataset
from data.dataset_options import DatasetOptions

MODES = {"squash": "squash", "crop": "crop", "fill": "fill", "half_crop": "half_crop", "shortest_side": "crop"}
"""Foveal's mode -> DIGITS's nearest."""
BUSY = os.getloadavg()[0] > 1.3 * (os.cpu_count() or 1)
LEAST = {"jpg": 1.8 if BUSY else 2.2, "png": 4.0, "raw": 1.5}
"""Of CPU time DIGITS's design wastes less than of time: its threads wait for each other, and its writer sleeps."""
EXACT, FAST = 3.2, 4.4


def main() -> None:
    """Each case with its peer in turn."""
    quick = arguments(__doc__ or "").quick
    print(f"Rates are per {'CPU-second: this machine is busy' if BUSY else 'second'}.")
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as place:
        home = Path(place)
        photos = photos_500x375(home, 150 if quick else 300)
        large = photos_3mp(home, 24 if quick else 60)
        rounds = 3 if quick else 5
        claims = [case(photos, home, mode, encoding, rounds) for mode in MODES for encoding in LEAST]
        claims += three_megapixels(large, home, rounds)
    verdict(*claims)


def case(folder: Path, home: Path, mode: str, encoding: str, rounds: int) -> Claim:
    """One mode and encoding."""
    results = interleave(
        {
            "Foveal": product(folder, home, resize_mode=mode, encoding=encoding),
            "DIGITS's design": digits(folder, home, MODES[mode], encoding),
        },
        rounds,
    )
    print(f"500x375 to 256x256, {mode}, {encoding}")
    table(results, "images/s")
    return Claim(
        f"{mode}, {encoding}, over DIGITS's design", ratio(results, "Foveal", "DIGITS's design"), LEAST[encoding]
    )


def three_megapixels(folder: Path, home: Path, rounds: int) -> list[Claim]:
    """2048 x 1536 to 256 x 256 JPEG."""
    form: dict[str, Any] = {"resize_mode": "squash", "encoding": "jpg"}
    results = interleave(
        {
            "Foveal, exact": product(folder, home, **form),
            "Foveal, fast": product(folder, home, **form, decoding="fast"),
            "DIGITS's design": digits(folder, home, "squash", "jpg"),
        },
        rounds,
    )
    print("2048x1536 JPEG to 256x256 JPEG")
    table(results, "images/s")
    return [
        Claim("3-megapixel photos, exact", ratio(results, "Foveal, exact", "DIGITS's design"), least=EXACT),
        Claim("3-megapixel photos, fast", ratio(results, "Foveal, fast", "DIGITS's design"), least=FAST),
    ]


def product(folder: Path, home: Path, **form: Any) -> Callable[[], float]:
    """Foveal's whole build, as its worker calls it."""
    options = DatasetOptions(folder=str(folder), width=256, height=256, val_percent=0, **form)

    def build(out: Path) -> int:
        *_, last = build_dataset(options, out)
        return int(last["value"]["splits"]["train"]["entries"])

    return timed(home, build)


def digits(folder: Path, home: Path, mode: str, encoding: str) -> Callable[[], float]:
    """DIGITS's design on the same files."""
    form: dict[str, Any] = {"size": (256, 256), "grey": False, "encoding": encoding, "mode": mode}
    return timed(home, lambda out: digits_create_db.create_db(files(folder), out, **form))


def timed(home: Path, build: Callable[[Path], int]) -> Callable[[], float]:
    """A call that builds into a fresh folder and gives its rate; one that is not counted comes first."""
    clock = time.process_time if BUSY else time.perf_counter

    def run() -> float:
        shutil.rmtree(home / "out", ignore_errors=True)
        start = clock()
        done = build(home / "out")
        return done / (clock() - start)

    run()
    return run


def photos_3mp(home: Path, count: int) -> Path:
    """Real photographs enlarged to 2048 x 1536 and saved anew (quality 90, 4:2:0)."""
    with tarfile.open(SHARED / "catsdogs-sub.tar") as archive:
        archive.extractall(home / "originals", filter="data")
    sources = sorted((home / "originals").rglob("*.jpg"))
    for number, source in enumerate(sources[:: max(1, len(sources) // count)][:count]):
        out = home / "large" / source.parent.name / f"{number:04d}.jpg"
        out.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as image:
            image.convert("RGB").resize((2048, 1536), Image.Resampling.LANCZOS).save(out, quality=90)
    shutil.rmtree(home / "originals")
    return home / "large"


if __name__ == "__main__":
    main()
