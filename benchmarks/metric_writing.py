"""Writing metrics as a worker does, curves and event files both: at least 40x the points/s of TensorBoard's writer.

And a worker that is killed (SIGKILL) in the middle loses at most 50 steps.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from benchmarks import _harness as harness
from jobs import series
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.recorder import Recorder

ROOT = Path(__file__).parent.parent
TAGS = [f"curve/{number}" for number in range(10)]
CHILD = """
import sys
from pathlib import Path
from jobs.folder import JobFolder
from jobs.recorder import Recorder
with Recorder(JobFolder(Path(sys.argv[1]))) as recorder:
    for step in range(1, 10**9):
        recorder.write({"kind": "points", "step": step, "values": {"train/loss": 1.0 / step}})
        sys.stdout.write(f"{step}\\n")
        sys.stdout.flush()
"""


def main() -> None:
    """Interleave both writers; then kill some workers."""
    quick = harness.arguments(__doc__ or "").quick
    steps, rounds = (500, 3) if quick else (3000, 5)
    with tempfile.TemporaryDirectory() as folder:
        results = harness.interleave(
            {
                "TensorBoard": lambda: harness.rate(lambda: _summary_writer(Path(folder), steps)),
                "Foveal": lambda: harness.rate(lambda: _recorder(Path(folder), 40 * steps)),
            },
            rounds,
        )
        lost = [_lost(Path(folder), 0.2 + 0.11 * turn) for turn in range(3 if quick else 10)]
    harness.table(results, "points/s")
    print(f"steps lost by killed workers: {lost}")
    harness.verdict(
        harness.Claim("points/s over TensorBoard's", harness.ratio(results, "Foveal", "TensorBoard"), least=40),
        harness.Claim("steps lost in a crash, at most", max(lost), most=50),
    )


def _summary_writer(folder: Path, steps: int) -> int:
    """TensorBoard's writer as people use it; its thread is waited for at the end."""
    writer = SummaryWriter(str(folder / f"peer-{time.monotonic_ns()}"))
    for step in range(steps):
        for tag in TAGS:
            writer.add_scalar(tag, 1.0 / (step + 1), step)
    writer.close()
    return steps * len(TAGS)


def _new(folder: Path) -> JobFolder:
    return JobFolder.create(folder, Job(new_id(), "model", "train_model", "run", {}))


def _recorder(folder: Path, steps: int) -> int:
    """Foveal's, with all that a training's events go through."""
    values = dict.fromkeys(TAGS, 0.5)
    with Recorder(_new(folder)) as recorder:
        write: Callable[[dict[str, object]], None] = recorder.write
        for step in range(1, steps + 1):
            values["curve/0"] = 1.0 / step
            write({"kind": "points", "step": step, "values": values})
    return steps * len(TAGS)


def _lost(folder: Path, seconds: float) -> int:
    """Steps that a worker said it had written, less those in its files, after it was killed."""
    job = _new(folder)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(job.path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    told, end = 1, time.monotonic() + seconds
    while time.monotonic() < end:
        told = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    told = max([told, *(int(line) for line in child.stdout if line.endswith("\n"))])
    child.wait()
    kept = series.read(job.series, "train/loss")["step"]
    return told - int(kept[-1]) if len(kept) else told


if __name__ == "__main__":
    main()
