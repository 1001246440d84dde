"""From a picture to what the network is given: one definition for training, validation and inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels
from data.database import Dataset
from data.errors import UserError
from data.preparation import Preparation

if TYPE_CHECKING:
    import torch

SAMPLE = 2000
"""Training images from which the scale is measured: the first ones, since records lie in random order."""


@dataclass(frozen=True)
class Preprocessing:
    """Prepare a picture (resize mode and so on), cut out the middle, subtract the mean, multiply by the scale.

    ``crop`` is the side of the square that is cut out (None: all of it). ``mean`` says what is subtracted: "none",
    "pixel", "image" or "imagenet"; ``values`` is that mean as float32 (height, width, channels) of the network's input,
    0..255. ``scale`` makes the standard deviation of the training pixels 1, whatever the mean; for "imagenet" it is one
    factor for each channel, as pretrained weights expect it.
    """

    preparation: Preparation
    crop: int | None
    mean: str
    scale: float | tuple[float, ...]
    values: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the network's input."""
        height, width = input_size(self.preparation.height, self.preparation.width, self.crop)
        return height, width, self.preparation.channels

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, for model.json. A mean image is a file of its own: see :meth:`save`."""
        scale = list(self.scale) if isinstance(self.scale, tuple) else self.scale
        known: dict[str, Any] = {"crop": self.crop, "mean": self.mean, "scale": scale}
        if self.mean in ("pixel", "imagenet"):
            known["mean_pixel"] = [float(value) for value in self.values[0, 0]]
        if self.mean == "image":
            known["mean_file"] = MEAN_FILE
        return {**self.preparation.to_dict(), **known}

    def save(self, folder: Path) -> None:
        """Write the mean image, where one is subtracted, as ``mean.npy`` into the folder of model.json."""
        if self.mean == "image":
            np.save(folder / MEAN_FILE, self.values)

    @classmethod
    def load(cls, values: Mapping[str, Any], folder: Path) -> Preprocessing:
        """Read what :meth:`to_dict` and :meth:`save` wrote. Raises UserError where the mean image is gone."""
        preparation = Preparation.of(values)
        height, width = input_size(preparation.height, preparation.width, values["crop"])
        shape = (height, width, preparation.channels)
        if values["mean"] == "image":
            mean = _load_mean(folder / values["mean_file"])
        else:
            mean = np.broadcast_to(np.asarray(values.get("mean_pixel", 0.0), np.float32), shape)
        scale = values["scale"]
        scales = tuple(map(float, scale)) if isinstance(scale, list | tuple) else float(scale)
        return cls(preparation, values["crop"], values["mean"], scales, mean)

    def pixels(self, content: bytes) -> Pixels:
        """What the network sees of an image file, uint8 (height, width, channels). Raises UserError."""
        return centre(self.preparation.content(content), self.crop)

    def normaliser(self, device: torch.device) -> Normaliser:
        """The arithmetic on a device."""
        return Normaliser(self, device)


class Normaliser:
    """uint8 images [n, h, w, c] -> float32 [n, c, h, w] in channels_last memory: (pixels - mean) * scale."""

    def __init__(self, preprocessing: Preprocessing, device: torch.device) -> None:
        import torch

        self._mean = torch.from_numpy(np.ascontiguousarray(preprocessing.values)).to(device)
        self._subtracts = preprocessing.mean != "none"
        scale = preprocessing.scale
        self._scale = torch.tensor(scale, device=device) if isinstance(scale, tuple) else scale

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        values = pixels.float()
        if self._subtracts:
            values.sub_(self._mean)
        return values.mul_(self._scale).permute(0, 3, 1, 2)


MEAN_FILE = "mean.npy"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""Of the RGB values 0..1 of ImageNet's training images, as torchvision's pretrained weights expect them."""


def measure(dataset: Dataset, crop: int | None, mean: str) -> Preprocessing:
    """The preprocessing for a network that is trained on ``dataset``, its scale measured from training images.

    For ``mean`` "imagenet" nothing is measured; grey images get the average of the three channels' figures.
    """
    if mean == "imagenet":
        return _imagenet(dataset, crop)
    values = centre(dataset.mean, crop)
    if mean != "image":
        pixel = dataset.mean.mean((0, 1)) if mean == "pixel" else 0.0
        values = np.broadcast_to(np.asarray(pixel, np.float32), values.shape)
    records = dataset.split("train")
    deviation = _deviation(records.read(range(min(SAMPLE, len(records)))), dataset.mean, mean)
    return Preprocessing(dataset.preparation, crop, mean, round(1 / max(deviation, 1.0), 7), values)


def _imagenet(dataset: Dataset, crop: int | None) -> Preprocessing:
    """(pixels / 255 - mean) / deviation."""
    height, width = input_size(dataset.height, dataset.width, crop)
    means, deviations = (
        np.asarray(values) if dataset.channels == 3 else np.mean(values, keepdims=True)
        for values in (IMAGENET_MEAN, IMAGENET_DEVIATION)
    )
    values = np.broadcast_to((255 * means).astype(np.float32), (height, width, dataset.channels))
    scale = tuple(round(float(value), 9) for value in 1 / (255 * deviations))
    return Preprocessing(dataset.preparation, crop, "imagenet", scale, values)


def input_size(height: int, width: int, crop: int | None) -> tuple[int, int]:
    """Height and width of the network's input."""
    return (crop, crop) if crop else (height, width)


def centre(pixels: NDArray[Any], crop: int | None) -> NDArray[Any]:
    """The middle square of side ``crop`` of an array (height, width, channels)."""
    if crop is None:
        return pixels
    top, left = centre_offset(pixels.shape[0], pixels.shape[1], crop)
    return np.ascontiguousarray(pixels[top : top + crop, left : left + crop])


def centre_offset(height: int, width: int, crop: int | None) -> tuple[int, int]:
    """Top and left of the middle square."""
    return ((height - crop) // 2, (width - crop) // 2) if crop else (0, 0)


def _deviation(pixels: Pixels, mean_image: NDArray[np.float32], mean: str) -> float:
    """Standard deviation of the pixels around the mean image, or else around the mean colour; in 0..255."""
    centre_of = mean_image if mean == "image" else mean_image.mean((0, 1))
    total = sum(float(np.square(image - centre_of, dtype=np.float64).mean()) for image in pixels)
    return float(np.sqrt(total / max(1, len(pixels))))


def _load_mean(path: Path) -> NDArray[np.float32]:
    try:
        mean: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"The mean image {path} cannot be read: {error}.", hint="Restore it, or train again.") from None
    return mean
