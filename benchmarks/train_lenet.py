"""Training LeNet on MNIST with all live metrics, from Foveal's database, against the script a user would write.

The peer is the canonical one: torchvision's ImageFolder, a DataLoader with two workers, the same network, batch and
optimizer, no metrics. Needs the MNIST images as folders: ``FOVEAL_MNIST`` or ../shared/data/mnist-png.tar.gz.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from benchmarks._training import finished_mnist, in_a_worker, mnist_folder

CLAIMED = 2.2


def main() -> None:
    """Each variant is a fresh process, as it is in life; start-up and reading into memory are not counted."""
    quick = arguments(__doc__ or "").quick
    images, rounds = (6_400, 2) if quick else (32_000, 5)
    with tempfile.TemporaryDirectory() as home:
        folder = mnist_folder(Path(home))
        dataset = finished_mnist(folder, Path(home))
        variants = {
            "Foveal": lambda: in_a_worker("product", dataset, images),
            "script": lambda: in_a_worker("script", folder, images),
        }
        results = interleave(variants, rounds)
    table(results, "images/s")
    verdict(Claim("Foveal over the user's script", ratio(results, "Foveal", "script"), least=CLAIMED))


if __name__ == "__main__":
    sys.exit(main())
