"""Real pictures to begin with, written out as image folders: ``python -m data.samples NAME FOLDER``.

``digits`` are the 1,797 handwritten digits that come with scikit-learn (8x8 grey; UCI Optical Recognition of
Handwritten Digits) and need no network. The others are torchvision's downloads.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from data.errors import UserError

DOWNLOADS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10"}
NAMES = ("digits", *DOWNLOADS)


def write_sample(name: str, folder: Path) -> None:
    """Write ``folder/train/<class>/*.png`` and, where the set has one, ``folder/test/...``. Nothing is left half done.

    Raises UserError for an unknown name or a download that fails.
    """
    if name not in NAMES:
        raise UserError(f"There is no sample {name}.", hint=f"Choose one of {', '.join(NAMES)}.")
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    for path, image in _digits() if name == "digits" else _download(name, folder.with_name("downloads")):
        target = aside / path
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target)
    aside.replace(folder)


def _digits() -> Iterator[tuple[str, Image.Image]]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        # Ink is 0..16 in the file.
        yield f"train/{label}/{number:04d}.png", Image.fromarray((pixels * (255 / 16)).round().astype("uint8"))


def _download(name: str, cache: Path) -> Iterator[tuple[str, Image.Image]]:
    from torchvision import datasets

    for split in ("train", "test"):
        try:
            found: Any = getattr(datasets, DOWNLOADS[name])(cache, train=split == "train", download=True)
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"{name} could not be downloaded: {error}",
                hint="Without a network, use --dataset digits, or --folder with your own images.",
            ) from error
        for number in range(len(found)):
            image, label = found[number]
            yield f"{split}/{found.classes[label].replace('/', '-')}/{number:05d}.png", image


if __name__ == "__main__":
    try:
        write_sample(sys.argv[1], Path(sys.argv[2]))
    except UserError as error:
        sys.exit(str(error))
