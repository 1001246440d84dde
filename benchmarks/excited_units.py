"""Every live unit of a LeNet trained on MNIST is excited more by its synthetic image than by all 10,000 test images.

Trains the network of the library for two epochs (about a minute) in this process, then looks at every layer. The image
is shown without transforms, and compared by the largest value over the unit's map. Needs MNIST: ``FOVEAL_MNIST`` or
../shared/data/mnist-png.tar.gz.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks._harness import Claim, arguments, verdict
from benchmarks._training import mnist_folder
from data.codecs import decode
from models.attribution.tracer import Tracer
from models.networks.lenet import Net
from models.units.ascent import Ascent, Scene, VisualizationOptions

LAYERS = ("conv1", "conv2", "fc1", "relu", "fc2")


def images(folder: Path, split: str, most: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images float32 [n, 1, 28, 28], 0..1, and labels; at most ``most`` of each class."""
    root = next(path for path in (folder, *folder.rglob("*")) if path.name == split and (path / "0").is_dir())
    found = [(path, label) for label in range(10) for path in sorted((root / str(label)).iterdir())[:most]]
    pixels = np.stack([decode(path.read_bytes(), 1) for path, _ in found])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255, torch.tensor([label for _, label in found])


def trained(folder: Path, most: int, epochs: int) -> nn.Module:
    """LeNet of the library."""
    torch.manual_seed(0)
    net, (pixels, labels) = Net(1, 10), images(folder, "train", most)
    optimizer = torch.optim.SGD(net.parameters(), 0.02, momentum=0.9)
    for _ in range(epochs):
        for some in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(net(pixels[some]), labels[some]).backward()
            optimizer.step()
    return net.eval()


def main() -> None:
    """The share of live units above the largest value over the test images, by layer and in all."""
    quick = arguments(__doc__ or "").quick
    folder = mnist_folder(Path(tempfile.mkdtemp()))
    net = trained(folder, 300 if quick else 6000, 2)
    pixels, labels = images(folder, "test", 100 if quick else 10_000)
    with torch.no_grad():
        accuracy = float((net(pixels).argmax(1) == labels).float().mean())
    print(f"{len(labels)} test images, accuracy {accuracy:.4f}")
    above, alive = 0, 0
    for layer in LAYERS:
        with torch.no_grad():
            values = Tracer(net, until=layer).forward(pixels)
        real = values.flatten(2).amax((0, 2)) if values.ndim == 4 else values.amax(0)
        units = [unit for unit, most in enumerate(real.tolist()) if most > 0]
        units = units[:20] if quick else units
        excited = 0
        for some in (units[at : at + 64] for at in range(0, len(units), 64)):
            scene = Scene(net, layer, pixels.new_zeros(1, 1, 28, 28), pixels.new_ones(1, 1, 28, 28))
            ascent = Ascent(scene, tuple(some), VisualizationOptions())
            ascent.advance(128 if quick else 512)
            excited += sum(value > real[unit] for unit, value in zip(some, ascent.values(), strict=True))
        print(
            f"  {layer:8}{int(excited):4} of {len(units)} live units; {int((real <= 0).sum())} are not live", flush=True
        )
        above, alive = above + int(excited), alive + len(units)
    verdict(Claim("live units that their image excites above all test images", above / alive, least=0.95))


if __name__ == "__main__":
    main()
