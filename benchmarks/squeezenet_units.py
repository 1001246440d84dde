"""A sheet of synthetic images for 64 units of a middle layer of a really trained SqueezeNet, for the docs and the eye.

Writes docs/images/squeezenet-units.jpg. Needs ../shared/data/nets.tar.gz, or its folder in ``FOVEAL_NETS``;
``FOVEAL_STEPS`` other than 512 is for hurry.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks._harness import Claim, arguments, verdict
from models.networks.squeezenet import Net
from models.preprocessing import IMAGENET_DEVIATION, IMAGENET_MEAN
from models.units.ascent import Ascent, Scene, VisualizationOptions

ROOT = Path(__file__).parent.parent
ARCHIVE = ROOT.parent / "shared" / "data" / "nets.tar.gz"
SHEET = ROOT / "docs" / "images" / "squeezenet-units.jpg"
LAYER, UNITS, CHUNK, SIDE = "features.9.expand3x3", 64, 8, 128


def load(folder: Path) -> Net:
    """SqueezeNet 1.0 with ImageNet weights."""
    path = next(path for path in folder.rglob("*") if path.suffix in (".pth", ".pt", ".safetensors"))
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = torch.load(path, weights_only=True)
    net = Net(3, 1000)
    net.load_state_dict(state)
    return net.eval()


def nets() -> Path:
    """The folder with the weights."""
    if given := os.environ.get("FOVEAL_NETS"):
        return Path(given)
    if not ARCHIVE.exists():
        sys.exit(f"{ARCHIVE} is not there: nothing to draw.")
    folder = Path(tempfile.mkdtemp())
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> None:
    """Draw the sheet; the claim is that nearly no unit is dead and each is excited far above grey."""
    quick = arguments(__doc__ or "").quick
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    low, high = ((level - mean).expand(1, 3, SIDE, SIDE) / deviation for level in (0.0, 1.0))
    scene = Scene(load(nets()), LAYER, low.contiguous(), high.contiguous())
    count, steps = (8, 64) if quick else (UNITS, int(os.environ.get("FOVEAL_STEPS", "512")))
    tiles, excited, started = [], 0, time.perf_counter()
    for first in range(0, count, CHUNK):
        ascent = Ascent(scene, tuple(range(first, first + CHUNK)), VisualizationOptions(steps=steps))
        before = ascent.values()
        ascent.advance(steps)
        excited += sum(now > max(0.0, then) for now, then in zip(ascent.values(), before, strict=True))
        tiles.append(ascent.pictures().numpy())
        if not quick:
            save(np.concatenate(tiles))
        print(f"{first + CHUNK} of {count} after {time.perf_counter() - started:.0f} s", flush=True)
    verdict(Claim(f"units of {LAYER} that their image excites", excited / count, least=0.95))


def save(tiles: np.ndarray) -> None:
    """Eight in a row."""
    framed = [np.pad(tile, ((2, 2), (2, 2), (0, 0)), constant_values=255) for tile in tiles]
    rows = [np.concatenate(framed[at : at + 8], 1) for at in range(0, len(framed), 8)]
    Image.fromarray(np.concatenate(rows)).save(SHEET, quality=82)


if __name__ == "__main__":
    main()
