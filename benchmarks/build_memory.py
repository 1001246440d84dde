"""Peak memory of a build from 10,000 to 100,000 images: flat but for each one's place in the plan.

Paths, classes, sizes and the like go to disk at once; what is measured beside the plan is the C library's slack.

Each build is a fresh process, as a worker is. Tiny images show the growth best: 78 MB are all that such a build takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._harness import Claim, arguments, verdict
from benchmarks.build_dataset import tiny_pngs

BUILD = """
import sys
from pathlib import Path
from data.build import build_dataset
from data.dataset_options import DatasetOptions
options = DatasetOptions(folder=sys.argv[1], width=28, height=28, channels=1, encoding=sys.argv[3])
for _ in build_dataset(options, Path(sys.argv[2])):
    pass
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]  # rusage would count the parent's
print(int(peak.split()[1]) / 1024)
"""
ENCODINGS = ("png", "jpg", "raw")
MOST_BYTES, MOST_MB = 80, 96


def main() -> None:
    """Ten times as many images, nearly the same memory."""
    few, many = (10_000, 40_000) if arguments(__doc__ or "").quick else (10_000, 100_000)
    with tempfile.TemporaryDirectory() as home:
        source = tiny_pngs(Path(home), 1_000)
        folders = {count: linked(source, Path(home) / str(count), count) for count in (few, many)}
        claims = []
        for encoding in ENCODINGS:
            peaks = {count: peak(folder, encoding) for count, folder in folders.items()}
            print(f"{encoding}: " + ", ".join(f"{count:,} images {value:.0f} MB" for count, value in peaks.items()))
            growth = (peaks[many] - peaks[few]) * 2**20 / (many - few)
            claims.append(Claim(f"{encoding}: bytes for each further image", growth, most=MOST_BYTES))
            claims.append(Claim(f"{encoding}: megabytes at {many:,} images", peaks[many], most=MOST_MB))
    verdict(*claims)


def linked(source: Path, target: Path, count: int) -> Path:
    """A folder of ``count`` image files, hard links to those of ``source`` under other names."""
    images = sorted(source.rglob("*.png"))
    for number in range(count):
        image = images[number % len(images)]
        place = target / image.parent.name
        place.mkdir(parents=True, exist_ok=True)
        os.link(image, place / f"image-with-a-usual-name-{number:07d}.png")
    return target


def peak(folder: Path, encoding: str) -> float:
    """Megabytes of the largest moment of a build."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", BUILD, str(folder), out, encoding]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        return float(done.stdout)


if __name__ == "__main__":
    main()
