"""Augmenting a batch on the CPU against torchvision's v2 transforms, image by image, as a DataLoader's worker does it.

Both are given uint8 images in memory, use one thread, and give float images of the network's size: random resized crop,
mirroring, rotation, hue, saturation and brightness, contrast, noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torchvision.transforms import v2

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from models.augment_options import AugmentOptions
from models.training.augment import Cut, Selection, take
from models.training.augment_warp import Frame
from models.training.augmenter import make_augmenter

CASES = {"32 pixels, batch of 128": (32, 128, 3.0), "224 pixels, batch of 32": (224, 32, 1.0)}
OPTIONS = AugmentOptions(
    flip=True, random_resized_crop=True, rotation=10, hue=0.02, saturation=0.04, value=0.06, contrast=0.3, noise=0.03
)


def main() -> None:
    """Small images, where calls cost most, and large ones, where pixels do."""
    rounds = 5 if arguments(__doc__ or "").quick else 15
    torch.set_num_threads(1)
    claims = []
    for name, (side, count, least) in CASES.items():
        pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8))
        variants = {"Foveal": rate(batch(pixels, side), count), "torchvision": rate(one_by_one(pixels, side), count)}
        results = interleave(variants, rounds)
        print(name)
        table(results, "images/s")
        claims.append(Claim(f"{name}: over torchvision", ratio(results, "Foveal", "torchvision"), least=least))
    verdict(*claims)


def batch(pixels: torch.Tensor, side: int) -> Callable[[], object]:
    """The product's way, as its batches come."""
    change = make_augmenter(OPTIONS, Frame((side, side), (side, side)), 10, seed=0)
    labels, step = torch.zeros(len(pixels), dtype=torch.long), iter(range(10**9))

    def run() -> object:
        number = next(step)
        drawn = Cut(side, side, None).random(len(pixels), 0, number, flip=True)
        selection = Selection(np.arange(len(pixels)), drawn.tops, drawn.lefts, drawn.flips, number)
        assert change is not None
        return change(take(pixels, selection, None), labels, number)

    return run


def one_by_one(pixels: torch.Tensor, side: int) -> Callable[[], object]:
    """torchvision's transforms on each image, then a batch of them."""
    transform = v2.Compose([
        v2.RandomResizedCrop(side, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomRotation(10, v2.InterpolationMode.BILINEAR),
        v2.ColorJitter(0.06, 0.3, 0.04, 0.02),
        v2.ToDtype(torch.float32, scale=True),
        v2.GaussianNoise(sigma=0.03),
    ])  # fmt: skip
    images = [image.permute(2, 0, 1).contiguous() for image in pixels]
    return lambda: torch.stack([transform(image) for image in images])


def rate(work: Callable[[], object], count: int) -> Callable[[], float]:
    """Images per CPU-second of a call."""
    work()

    def run() -> float:
        start = time.process_time()
        work()
        return count / (time.process_time() - start)

    return run


if __name__ == "__main__":
    main()
