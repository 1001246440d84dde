"""What the presets reach, through the whole product: test accuracy at the last epoch, and the time that it took.

A real server builds each dataset over REST, its validation split being the test images, and trains by the name of the
preset alone; no epoch is chosen afterwards. Needs the CIFAR-10 and MNIST of ../shared/data. ``--quick`` trains two
epochs of each: it shows that the script works, the claims are for the presets as they are.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import _server
from benchmarks._harness import Claim, arguments, verdict
from benchmarks._training import ARCHIVE

CIFAR = ARCHIVE.parent / "cifar10-jpg.tar"
MINUTES = 15.0
CASES: dict[str, tuple[Path, dict[str, int], float]] = {
    "fast_cifar": (CIFAR, {"width": 32, "height": 32, "channels": 3}, 0.86),
    "mnist": (ARCHIVE, {"width": 28, "height": 28, "channels": 1}, 0.996),
}


def main() -> None:
    """One training of each preset."""
    quick = arguments(__doc__ or "").quick
    claims = []
    root = Path(tempfile.mkdtemp())
    try:
        with _server.running(root / "home", FOVEAL_DATA_ROOTS=str(root)) as server:
            for name in CASES:
                claims += _measured(server.url, name, root / name, {"epochs": 2} if quick else {})
    finally:
        shutil.rmtree(root)
    verdict(*claims)


def _measured(url: str, name: str, home: Path, more: dict[str, Any]) -> list[Claim]:
    """Train one preset; its accuracy, and for CIFAR its time."""
    archive, size, least = CASES[name]
    job = _trained(url, name, _unpacked(archive, home), size, more)
    accuracy = float(job["metrics"][-1]["values"]["val/accuracy"])
    minutes = (float(job["finished"]) - float(job["started"])) / 60
    print(f"  {name}: {accuracy:.2%} at the last epoch, {minutes:.1f} min", flush=True)
    found = [Claim(f"{name}: test accuracy", accuracy, least=least)]
    return [*found, Claim(f"{name}: minutes", minutes, most=MINUTES)] if name == "fast_cifar" else found


def _unpacked(archive: Path, home: Path) -> Path:
    """The folder of training images of an archive of ../shared/data; that of the test images is beside it."""
    found = next(iter(sorted(archive.parent.glob(archive.name + "*"))), None)
    if found is None:
        sys.exit(f"This benchmark needs {archive}.")
    with tarfile.open(found) as files:
        files.extractall(home, filter="data")
    return next(path for path in home.rglob("train") if path.is_dir())


def _trained(url: str, preset: str, train: Path, size: dict[str, int], more: dict[str, Any]) -> dict[str, Any]:
    """A model by the preset's name, finished."""
    values = {"name": preset, "folder": str(train), "val_folder": str(train.parent / "test"), **size}
    dataset = _server.finished(url, "datasets", values)["id"]
    return _server.finished(url, "models", {"dataset": dataset, "preset": preset, "seed": 1, **more})


if __name__ == "__main__":
    sys.exit(main())
