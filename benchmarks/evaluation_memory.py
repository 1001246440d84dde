"""The memory of an evaluation does not grow with the number of images: ten times as many cost at most a tenth more.

Each size is judged in a process of its own, from a list that names the same few files again and again; its peak of
resident memory is compared.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._harness import Claim, arguments, verdict


def peak(home: Path, model: str, list_file: Path) -> float:
    """Peak resident megabytes of a worker that judges the list."""
    command = [sys.executable, "-m", "benchmarks.evaluation_memory", "--work", str(home), model, str(list_file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found["peak"]


def work_one(home: Path, model: str, list_file: Path) -> None:
    """In the child: one evaluation by the real task."""
    from jobs.folder import JobFolder
    from jobs.job import Job, new_id
    from jobs.worker import work

    options = {"model": model, "images": "list", "path": str(list_file)}
    folder = JobFolder.create(home, Job(new_id(), "evaluation", "evaluate", "e", options, parents=(model,)))
    if work(folder):
        raise SystemExit(folder.state().error)
    count = json.loads((folder.artifacts / "report.json").read_text())["images"]
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "images": count}))


def main() -> None:
    """Compare two sizes."""
    quick = arguments(__doc__ or "").quick
    from benchmarks._models import photos, trained

    sizes = (2_000, 20_000) if quick else (10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        model, _ = trained(home, "lenet", 28, channels=1)
        paths = photos(home / "few", 100, 28, 28, "png", "L")
        peaks = []
        for size in sizes:
            list_file = home / f"{size}.txt"
            list_file.write_text("".join(f"{paths[number % len(paths)]} {number % 3}\n" for number in range(size)))
            peaks.append(peak(home, model.path.name, list_file))
            print(f"  {size:,} images: peak {peaks[-1]:,.0f} MB")
    verdict(Claim(f"peak for {sizes[1]:,} images / for {sizes[0]:,}", peaks[1] / peaks[0], most=1.10))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work_one(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        main()
