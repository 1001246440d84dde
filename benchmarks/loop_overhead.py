"""What the training loop costs beside the arithmetic: Foveal's, with all live metrics, against a bare loop.

The bare loop takes the same images from the same memory, in a random order, normalises them, and does forward,
backward and update: nothing else. Both write nothing to disk; Foveal's events are made and thrown away.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from benchmarks._training import finished_mnist, in_a_worker, mnist_folder

CLAIMED = 0.95


def main() -> None:
    """Fresh processes in turn."""
    quick = arguments(__doc__ or "").quick
    images, rounds = (6_400, 3) if quick else (32_000, 7)
    with tempfile.TemporaryDirectory() as home:
        dataset = finished_mnist(mnist_folder(Path(home)), Path(home))
        variants = {name: lambda name=name: in_a_worker(name, dataset, images) for name in ("product", "bare")}
        results = interleave(variants, rounds)
    table(results, "images/s")
    verdict(Claim("Foveal's loop over a bare one", ratio(results, "product", "bare"), least=CLAIMED))


if __name__ == "__main__":
    sys.exit(main())
