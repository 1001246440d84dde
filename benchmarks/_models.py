"""Small finished datasets and models in a folder of jobs, made by the real tasks in this process, for benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from jobs.folder import JobFolder
from models.inspection.loaded import LoadedModel, models
from tests.models.jobs import make_dataset, train


def trained(home: Path, network: str, size: int, channels: int = 3) -> tuple[JobFolder, LoadedModel]:
    """A network after a step or two of training on gradients of ``size`` pixels, loaded; its dataset is in ``home``."""
    make_dataset(home, size, channels=channels)
    folder, _ = train(home, network=network, epochs=0.1, batch_size=4, validation_interval=0, learning_rate=1e-4)
    return folder, models.get(folder.path)


def photos(folder: Path, count: int, width: int, height: int, ending: str = "jpg", mode: str = "RGB") -> list[str]:
    """Smooth random pictures as files; ``mode`` "L" makes grey ones."""
    folder.mkdir(parents=True)
    chance, paths = np.random.default_rng(0), []
    for number in range(count):
        coarse = Image.fromarray(chance.integers(0, 256, (12, 16, 3), np.uint8)).convert(mode)
        path = folder / f"{number:05}.{ending}"
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(path, quality=90)
        paths.append(str(path))
    return paths
