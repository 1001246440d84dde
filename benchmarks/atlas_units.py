"""The atlas of all layers costs little more than one bare forward pass over the same set.

Peer: reading the same records of the dataset in the same batches, and running the network on them, nothing else.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from benchmarks._harness import Claim, arguments, interleave, rate, ratio, table, verdict
from benchmarks._models import photos, trained
from data.build import build_dataset
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from models.atlas.gather import Atlas
from models.atlas.layers import layers_of
from models.evaluation.images import SplitImages, of_split
from models.evaluation.stream import batch_size
from models.inspection.loaded import LoadedModel

THREADS = 1
NETWORKS = {"lenet": (28, 1, 6000), "squeezenet": (96, 3, 300)}
"""Pixels a side, channels, images."""


def spans(images: SplitImages, model: LoadedModel) -> list[range]:
    """The batches of both sides."""
    size = batch_size(images.shape, model.device)
    return [range(at, min(at + size, len(images))) for at in range(0, len(images), size)]


def bare(images: SplitImages, model: LoadedModel) -> int:
    """Read and run."""
    with torch.inference_mode():
        for span in spans(images, model):
            model.network(model.normalise(torch.from_numpy(images.load(span).pixels)))
    return len(images)


def atlas(images: SplitImages, model: LoadedModel) -> int:
    """Read, run, and keep the top nine images of every unit of every layer, with all other figures."""
    gathering = Atlas(layers_of(model), model, len(images), 9)
    for span in spans(images, model):
        gathering.add(images.load(span))
    return len(images)


def main() -> None:
    """Measure both networks."""
    quick = arguments(__doc__ or "").quick
    torch.set_num_threads(THREADS)
    claims = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (size, channels, count) in NETWORKS.items():
            home = Path(folder) / name
            _, model = trained(home, name, size, channels)
            count = count // 4 if quick else count
            for cls in ("one", "two"):
                photos(home / "set" / cls, count // 2, size, size, "png", "L" if channels == 1 else "RGB")
            options = DatasetOptions(
                folder=str(home / "set"), width=size, height=size, channels=channels, val_percent=0
            )
            (home / "records").mkdir()
            for _ in build_dataset(options, home / "records"):
                pass
            images = of_split(open_dataset(home / "records"), "train", model.preprocessing, model.classes)
            variants = {
                "atlas": lambda images=images, model=model: 1 / rate(lambda: atlas(images, model)),
                "bare pass": lambda images=images, model=model: 1 / rate(lambda: bare(images, model)),
            }
            results = interleave(variants, 3 if quick else 9)
            print(name)
            table({key: [1e3 * value for value in values] for key, values in results.items()}, "ms an image")
            claims.append(Claim(f"{name}: atlas / bare pass", ratio(results, "atlas", "bare pass"), most=1.6))
    verdict(*claims)


if __name__ == "__main__":
    main()
