"""Building a dataset against DIGITS's design and a torchvision loop, on two cores; pixels against Pillow's.

Foveal does all it does in a worker but the start of the process: it searches the folders, divides, prepares, sums the
mean, writes records and index. The peers are given the list of files. All write to memory where there is /dev/shm, so
that a shared disk does not decide.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks._harness import Claim, arguments, interleave, rate, ratio, table, verdict
from benchmarks.peers import digits_create_db, torchvision_prepare
from data.build import build_dataset
from data.dataset_options import DatasetOptions
from data.preparation import Preparation

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TINY = {"size": (28, 28), "grey": True}
PHOTO = {"size": (256, 256), "grey": False}


def main() -> None:
    """Three cases, each with its peers in turn."""
    quick = arguments(__doc__ or "").quick
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as home:
        digits = tiny_pngs(Path(home), 4_000 if quick else 10_000)
        photos = photos_500x375(Path(home), 300 if quick else 1_800)
        rounds = 3 if quick else 5
        claims = [
            tiny(digits, Path(home), rounds),
            *jpeg(photos, Path(home), rounds),
            png(photos, Path(home), rounds),
            pixels(photos),
        ]
    verdict(*claims)


def tiny(folder: Path, home: Path, rounds: int) -> Claim:
    """28 x 28 PNG to PNG, grey."""
    results = interleave(
        {"Foveal": product(folder, home, TINY, "png"), "DIGITS's design": digits(folder, home, TINY, "png")}, rounds
    )
    print("28x28 PNG to PNG")
    table(results, "images/s")
    return Claim("tiny PNG, over DIGITS's design", ratio(results, "Foveal", "DIGITS's design"), least=20)


def jpeg(folder: Path, home: Path, rounds: int) -> list[Claim]:
    """500 x 375 JPEG to 256 x 256 JPEG."""
    paths = [path for path, _ in files(folder)]
    variants = {
        "Foveal": product(folder, home, PHOTO, "jpg"),
        "DIGITS's design": digits(folder, home, PHOTO, "jpg"),
        "torchvision, 2 threads": timed(home, lambda out: torchvision_prepare.prepare(paths, out, 256)),
    }
    results = interleave(variants, rounds)
    print("500x375 JPEG to 256x256 JPEG")
    table(results, "images/s")
    return [
        Claim("photo to JPEG, over DIGITS's design", ratio(results, "Foveal", "DIGITS's design"), least=2.2),
        Claim("photo to JPEG, over torchvision", ratio(results, "Foveal", "torchvision, 2 threads"), least=1.0),
    ]


def png(folder: Path, home: Path, rounds: int) -> Claim:
    """500 x 375 JPEG to 256 x 256 PNG, DIGITS's default; a sixth of the photographs, for the peer is slow at it."""
    few = home / "few"
    for path, _ in files(folder)[::6]:
        target = few / Path(path).relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(path)
    results = interleave(
        {"Foveal": product(few, home, PHOTO, "png"), "DIGITS's design": digits(few, home, PHOTO, "png")}, rounds
    )
    print("500x375 JPEG to 256x256 PNG")
    table(results, "images/s")
    return Claim("photo to PNG, over DIGITS's design", ratio(results, "Foveal", "DIGITS's design"), least=4)


def pixels(folder: Path) -> Claim:
    """The largest difference to Pillow's pixels before encoding, over all photos."""
    preparation, worst = Preparation(256, 256, 3), 0
    for path, _ in files(folder):
        with Image.open(path) as image:
            expected = np.asarray(image.convert("RGB").resize((256, 256), Image.Resampling.BILINEAR)).astype(int)
        worst = max(worst, int(np.abs(preparation.file(path) - expected).max()))
    return Claim("grey levels away from Pillow", worst, most=1)


def product(folder: Path, home: Path, form: dict, encoding: str) -> Callable[[], float]:
    """Foveal's whole build, as its worker calls it."""
    width, height = form["size"]
    options = DatasetOptions(
        folder=str(folder),
        width=width,
        height=height,
        channels=1 if form["grey"] else 3,
        encoding=encoding,  # type: ignore[arg-type]
        val_percent=0,
    )

    def build(out: Path) -> int:
        *_, last = build_dataset(options, out)
        return int(last["value"]["splits"]["train"]["entries"])

    return timed(home, build)


def digits(folder: Path, home: Path, form: dict, encoding: str) -> Callable[[], float]:
    """DIGITS's design on the same files."""
    return timed(home, lambda out: digits_create_db.create_db(files(folder), out, encoding=encoding, **form))


def timed(home: Path, build: Callable[[Path], int]) -> Callable[[], float]:
    """A call that builds into a fresh folder and gives images/s; one that is not counted comes first."""

    def run() -> float:
        shutil.rmtree(home / "out", ignore_errors=True)
        return rate(lambda: build(home / "out"))

    run()
    return run


def files(folder: Path) -> list[tuple[str, int]]:
    """(path, label) of every file below the class folders."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    return [(str(path), label) for label, below in enumerate(classes) for path in sorted(below.iterdir())]


def tiny_pngs(home: Path, count: int) -> Path:
    """MNIST's test images, ``count`` of them."""
    with _archive("mnist-png.tar.gz") as archive:
        for member in archive:
            if count and "/test/" in member.name and member.name.endswith(".png"):
                archive.extract(member, home / "tiny", filter="data")
                count -= 1
    return next((home / "tiny").rglob("test"))


def photos_500x375(home: Path, count: int) -> Path:
    """``count`` real photographs of cats and dogs, in turn, fitted to 500 x 375 and saved anew (quality 90, 4:2:0)."""
    with _archive("catsdogs-sub.tar") as archive:
        archive.extractall(home / "source", filter="data")
    sources = sorted((home / "source").rglob("*.jpg"))
    spread = sources[:: max(1, len(sources) // count)]
    for number, source in enumerate(islice(cycle(spread), count)):
        out = home / "photos" / source.parent.name / f"{number:04d}.jpg"
        out.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as image:
            fitted = ImageOps.fit(image.convert("RGB"), (500, 375), Image.Resampling.LANCZOS)
        fitted.save(out, quality=90)
    return home / "photos"


def _archive(name: str) -> tarfile.TarFile:
    if not (SHARED / name).exists():
        sys.exit(f"This benchmark needs {SHARED / name}.")
    return tarfile.open(SHARED / name)


if __name__ == "__main__":
    main()
