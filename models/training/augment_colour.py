"""Colour by chance: hue, saturation, value, contrast and noise, on float images [n, c, h, w] of 0..255."""

from __future__ import annotations

import numpy as np
import torch

Chance = np.random.Generator
WHITE = 255.0


def per_image(values: np.ndarray, images: torch.Tensor) -> torch.Tensor:
    """One number an image, shaped so that it is spread over channels and pixels."""
    return torch.from_numpy(values.astype(np.float32)).to(images.device).view(-1, 1, 1, 1)


def shift_hsv(images: torch.Tensor, chance: Chance, deviations: tuple[float, float, float]) -> torch.Tensor:
    """Normal shifts of hue (a share of the circle) and value, and factors of saturation around 1; each image its own.

    A shift of saturation would tint what is grey. Images of one channel have a value only.
    """
    hue, saturation, value = (per_image(chance.standard_normal(len(images)) * d, images) for d in deviations)
    if images.shape[1] == 1:
        return images.add_(value * WHITE).clamp_(0, WHITE)
    h, s, v = to_hsv(images / WHITE)
    h = (h + hue[:, 0]) % 1.0
    return to_rgb(h, (s * (1 + saturation[:, 0])).clamp_(0, 1), (v + value[:, 0]).clamp_(0, 1)).mul_(WHITE)


def change_contrast(images: torch.Tensor, chance: Chance, most: float) -> torch.Tensor:
    """Distances from the image's mean level, times a factor of 1 - ``most`` .. 1 + ``most`` (never below 0)."""
    factor = per_image(chance.uniform(max(0.0, 1 - most), 1 + most, len(images)), images)
    mean = images.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, images, factor).clamp_(0, WHITE)


def add_noise(images: torch.Tensor, chance: Chance, deviation: float) -> torch.Tensor:
    """Normal noise of every pixel and channel; the device's own generator is seeded from ``chance``."""
    generator = torch.Generator(images.device).manual_seed(int(chance.integers(2**62)))
    noise = torch.empty_like(images).normal_(0, deviation * WHITE, generator=generator)
    return noise.add_(images).clamp_(0, WHITE)


def to_hsv(rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """RGB [n, 3, h, w] of 0..1 as hue, saturation and value [n, h, w] of 0..1 (Foley and van Dam's hexcone)."""
    red, green, blue = rgb.unbind(1)
    value, which = rgb.max(1)
    spread = value - rgb.amin(1)
    safe = spread.clamp_min(1e-7)
    sixth = torch.where(
        which == 0,
        (green - blue) / safe % 6,
        torch.where(which == 1, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return sixth / 6, spread / value.clamp_min(1e-7), value


def to_rgb(hue: torch.Tensor, saturation: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The way back: [n, 3, h, w] of 0..1."""
    channels = []
    for offset in (5.0, 3.0, 1.0):
        k = (hue * 6 + offset) % 6
        channels.append(value - value * saturation * torch.minimum(k, 4 - k).clamp_(0, 1))
    return torch.stack(channels, 1)
