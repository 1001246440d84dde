"""Training beside a busy neighbour on one of the cores: how much speed is left, and what the readiness for it costs.

"default" is a bare loop with PyTorch as it comes; "Foveal" is the product's loop in a worker's environment. The
neighbour is one process that never rests, as a web server under load is.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from benchmarks._training import finished_mnist, in_a_worker, mnist_folder

KEPT, UNDISTURBED = 0.5, 0.8


def main() -> None:
    """Fresh processes in turn, each with and without the neighbour."""
    quick = arguments(__doc__ or "").quick
    images, rounds = (12_800, 2) if quick else (38_400, 5)
    with tempfile.TemporaryDirectory() as home:
        dataset = finished_mnist(mnist_folder(Path(home)), Path(home))
        product = lambda: in_a_worker("product", dataset, images)  # noqa: E731
        default = lambda: in_a_worker("default", dataset, images)  # noqa: E731
        variants = {
            "Foveal": product,
            "Foveal, neighbour": lambda: beside_a_neighbour(product),
            "default": default,
            "default, neighbour": lambda: beside_a_neighbour(default),
        }
        results = interleave(variants, rounds)
    table(results, "images/s")
    print(f"  default keeps {ratio(results, 'default, neighbour', 'default'):.2f} of its speed")
    verdict(
        Claim("speed that Foveal keeps", ratio(results, "Foveal, neighbour", "Foveal"), least=KEPT),
        Claim("Foveal over default, undisturbed", ratio(results, "Foveal", "default"), least=UNDISTURBED),
    )


def beside_a_neighbour(work: Callable[[], float]) -> float:
    """What ``work`` measures while another process keeps a core busy."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
        try:
            return work()
        finally:
            neighbour.kill()


if __name__ == "__main__":
    sys.exit(main())
