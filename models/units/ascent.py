"""Feature visualization: images that excite units, many units of a layer at once, by gradient ascent.

Olah et al. 2017 (doi 10.23915/distill.00007) and lucid: the image is the sigmoid of a spectrum whose low frequencies
move first, colours are decorrelated as in natural images, and each step sees it shifted, turned and scaled a little.
The shift is a share of the image's size: what suits 224 pixels ruins 28. Beside it, for comparison, Erhan et al. 2009
(plain ascent on a ball) and Yosinski et al. 2015 (arXiv 1506.06579; decay, blur and small pixels set to zero).

Randomness is seeded by unit, so that a unit's image does not depend on which others are made with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import nn

from data.options import option
from models.attribution.rectifiers import RECTIFIERS, rectifies
from models.attribution.targets import class_scores, unit_maps
from models.attribution.tracer import Call, Check, Tracer, evaluating

VERSION = 2
"""Goes up when the same options give other images."""
STAGES = (32, 128, 512)
WARM = 16
"""Steps at the start in which gradients pass ReLUs that are shut: a unit may be silent for the first image."""
COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.0, -0.05), (0.27, -0.09, 0.03))
"""Correlation of colours in natural images (lucid's matrix)."""


OBJECTIVES = {
    "auto": "Its centre in small images, the mean of its map in large ones",
    "channel": "Mean of its map",
    "neuron": "Its centre",
    "direction": "It and not the other units",
}
SMALL = 64
"""Pixels: in images up to this size a unit's pattern fills so much that its mean is not what a single place wants."""


@dataclass(frozen=True)
class VisualizationOptions:
    """How synthetic images are made."""

    method: Annotated[
        Literal["fourier", "erhan", "yosinski"],
        option("Method", "How the image is kept from becoming noise.",
               labels={"fourier": "Fourier (Olah et al. 2017)", "erhan": "Plain ascent (Erhan et al. 2009)",
                       "yosinski": "Regularized ascent (Yosinski et al. 2015)"}),
    ] = "fourier"  # fmt: skip
    objective: Annotated[
        Literal["auto", "channel", "neuron", "direction"],
        option("What is raised", "Of a unit with a map.", labels=OBJECTIVES),
    ] = "auto"
    steps: Annotated[int, option("Steps", "Pictures are shown after 32 and 128.", ge=1, le=4096)] = 512
    transforms: Annotated[
        bool,
        option(
            "Transforms", "Shift, turn and scale a little at each step (small images: in the first half of the steps)."
        ),
    ] = True
    jitter: Annotated[float, option("Shift", "As a share of the image's size.", ge=0, le=0.5, advanced=True)] = 1 / 14
    tv: Annotated[float, option("Total variation", "Weight of differences to neighbours.", ge=0, advanced=True)] = 0.0
    l2: Annotated[float, option("L2", "Weight of the distance from grey.", ge=0, advanced=True)] = 0.0
    rate: Annotated[float, option("Step size", "Of Adam.", gt=0, le=10, advanced=True)] = 0.05
    seed: Annotated[int, option("Seed", "Another seed, another picture.", ge=0, advanced=True)] = 0


@dataclass(frozen=True)
class Scene:
    """The network and its pixels: float32 [1, c, h, w] as it is given black (``low``) and white (``high``).

    ``layer`` is a site, "" for the class scores. ``size`` may be smaller than the network's where only convolutions
    come before the layer.
    """

    network: nn.Module
    layer: str
    low: torch.Tensor
    high: torch.Tensor
    check: Check | None = None


class Redirected:
    """Rules that let gradients through ReLUs that are shut."""

    def __init__(self) -> None:
        self.handlers: Mapping[str, Callable[[Call], Any]] = {name: self._handle for name in RECTIFIERS}

    @staticmethod
    def _handle(call: Call) -> Any:
        values: torch.Tensor = call.run()
        if not rectifies(call):
            return values
        given = call.args[0]
        return values.detach() + given - given.detach()


@dataclass
class Ascent:
    """Images of some units of a layer on their way; ``advance`` to a step, then look at ``pictures`` and ``values``."""

    scene: Scene
    units: tuple[int, ...]
    options: VisualizationOptions
    step: int = 0
    moved: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self._draws = [torch.Generator().manual_seed(self.options.seed * 1_000_003 + unit) for unit in self.units]
        channels, height, width = self.scene.low.shape[1:]
        self.painter = _painter(self.options.method, (channels, height, width))
        start = torch.stack([self.painter.start(draw) for draw in self._draws])
        self.parameters = start.to(self.scene.low.device).requires_grad_()
        rate = self.options.rate if self.options.method == "fourier" else 1.0
        self.optimizer = torch.optim.Adam([self.parameters], lr=rate)
        self.moved = torch.zeros(len(self.units), dtype=torch.bool)

    def advance(self, step: int) -> None:
        """Climb until ``step``."""
        with evaluating(self.scene.network), torch.enable_grad():
            while self.step < step:
                self._climb()
                self.step += 1

    def _climb(self) -> None:
        pixels = self.painter.paint(self.parameters)
        seen = self._transformed(pixels) if self._transforms else pixels
        values = self._objective(self._layer(seen, warm=self.step < WARM))
        loss = -values.sum()
        if self.options.tv:
            loss = loss + self.options.tv * _variation(pixels)
        if self.options.l2:
            loss = loss + self.options.l2 * (pixels - 0.5).square().mean((1, 2, 3)).sum()
        (gradient,) = torch.autograd.grad(loss, [self.parameters], allow_unused=True)
        if gradient is None:
            return
        self.moved |= gradient.flatten(1).abs().amax(1).cpu() > 0
        self.painter.move(self.parameters, gradient, self.optimizer, self.step)

    @property
    def _transforms(self) -> bool:
        """Small images settle without them in the second half: two pixels are much to a filter of five."""
        settling = max(self.scene.low.shape[2:]) <= SMALL and self.step >= self.options.steps // 2
        return self.options.transforms and self.options.method == "fourier" and not settling

    def _layer(self, pixels: torch.Tensor, *, warm: bool = False) -> torch.Tensor:
        """The layer's values for pixels 0..1, units second; what comes after the layer is not computed."""
        scene = self.scene
        images = scene.low + pixels * (scene.high - scene.low)
        tracer = Tracer(scene.network, Redirected() if warm else None, until=scene.layer or None, check=scene.check)
        output = tracer.forward(images)
        return unit_maps(output) if scene.layer else class_scores(output)

    def _objective(self, maps: torch.Tensor) -> torch.Tensor:
        """What is raised, for each image [n]."""
        rows = torch.arange(len(self.units), device=maps.device)
        units = torch.tensor(self.units, device=maps.device)
        if maps.ndim == 2:
            return maps[rows, units]
        small = max(self.scene.low.shape[2:]) <= SMALL
        if self.options.objective == "neuron" or (self.options.objective == "auto" and small):
            own = maps[rows, units].flatten(1)
            return own[:, _middle(maps.shape[2:])]
        means = maps.flatten(2).mean(2)
        if self.options.objective != "direction":
            return means[rows, units]
        found: torch.Tensor = means[rows, units] * means[rows, units].detach().abs() / means.norm(dim=1).clamp(min=1e-6)
        return found

    def values(self) -> list[float]:
        """Each unit's largest value over its map for its own image, without transforms."""
        with torch.no_grad(), evaluating(self.scene.network):
            maps = self._layer(self.painter.paint(self.parameters))
        own = maps[torch.arange(len(self.units)), torch.tensor(self.units, device=maps.device)]
        found: list[float] = own.flatten(1).amax(1).tolist() if own.ndim > 1 else own.tolist()
        return found

    def pictures(self) -> torch.Tensor:
        """uint8 [n, h, w, c]."""
        with torch.no_grad():
            pixels = self.painter.paint(self.parameters)
        return (pixels.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()

    def dead(self) -> list[bool]:
        """Units that no step has moved, or that no image of theirs excites."""
        return [
            not moved or (value <= 0 and _rests(self)) for moved, value in zip(self.moved, self.values(), strict=True)
        ]

    def _transformed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Each image shifted, turned and scaled by its own draw; what comes in at the edges is mirrored."""
        draws = torch.stack([torch.rand(4, generator=draw) for draw in self._draws]) * 2 - 1
        side = max(pixels.shape[2:])
        turn = math.radians(10 if side >= 64 else 5) * draws[:, 0]
        scale = 1 + (0.1 if side >= 64 else 0.05) * draws[:, 1]
        shift = 2 * self.options.jitter * draws[:, 2:]
        cosine, sine = turn.cos() * scale, turn.sin() * scale
        rows = [torch.stack([cosine, -sine, shift[:, 0]], 1), torch.stack([sine, cosine, shift[:, 1]], 1)]
        grid = F.affine_grid(torch.stack(rows, 1).to(pixels.device), list(pixels.shape), align_corners=False)
        return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _middle(grid: Sequence[int]) -> int:
    """The number of the central place of a map, counted row by row."""
    number = 0
    for size in grid:
        number = number * size + size // 2
    return number


def _rests(ascent: Ascent) -> bool:
    """Whether the layer's values are never negative, as after a ReLU: a largest value of zero then means silence."""
    with torch.no_grad(), evaluating(ascent.scene.network):
        return bool((ascent._layer(ascent.painter.paint(ascent.parameters)) >= 0).all())


class Fourier:
    """Images as spectra: low frequencies are large, so they are found first."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        channels, height, width = shape
        frequencies = (torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.rfftfreq(width)[None] ** 2).sqrt()
        self.scale = 1 / frequencies.clamp(min=1 / max(height, width))
        matrix = torch.tensor(COLOURS)
        self.mixing = (matrix / matrix.norm(dim=0).max()).T if channels == 3 else None

    def start(self, draw: torch.Generator) -> torch.Tensor:
        """A spectrum of small noise [c, h, w // 2 + 1, 2]."""
        return 0.01 * torch.randn(self.shape[0], *self.scale.shape, 2, generator=draw)

    def paint(self, spectra: torch.Tensor) -> torch.Tensor:
        """Images [n, c, h, w], 0..1."""
        scaled = torch.view_as_complex(spectra.contiguous()) * self.scale.to(spectra.device)
        images = torch.fft.irfft2(scaled, s=self.shape[1:], norm="ortho") / 4
        if self.mixing is not None:
            images = torch.einsum("nchw,cd->ndhw", images, self.mixing.to(images.device))
        found: torch.Tensor = images.sigmoid()
        return found

    def move(self, values: torch.Tensor, gradient: torch.Tensor, optimizer: torch.optim.Optimizer, step: int) -> None:
        """One step of Adam."""
        values.grad = gradient
        optimizer.step()
        values.grad = None


class Pixels:
    """Images as pixels 0..1 about grey."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape

    def start(self, draw: torch.Generator) -> torch.Tensor:
        """Grey with a little noise [c, h, w]."""
        return 0.04 * torch.randn(self.shape, generator=draw)

    def paint(self, values: torch.Tensor) -> torch.Tensor:
        """Images [n, c, h, w], 0..1."""
        return (values + 0.5).clamp(0, 1)


class Erhan(Pixels):
    """Plain ascent; after each step the image is put back on the ball of its first step's reach."""

    RADIUS = 0.25  # root mean square distance from grey

    def move(self, values: torch.Tensor, gradient: torch.Tensor, optimizer: torch.optim.Optimizer, step: int) -> None:
        """A step of fixed length along the gradient, then back onto the ball."""
        with torch.no_grad():
            size = math.sqrt(values[0].numel())
            values -= 0.05 * size * self.RADIUS * gradient / _length(gradient)
            values *= self.RADIUS * size / _length(values)
            values.clamp_(-0.5, 0.5)


class Yosinski(Pixels):
    """Ascent with decay, a blur every fourth step, and pixels that do little set to grey (their third preset and a bit
    of their first)."""

    DECAY, BLUR, EVERY, LEAST = 1e-4, 1.0, 4, 0.3

    def move(self, values: torch.Tensor, gradient: torch.Tensor, optimizer: torch.optim.Optimizer, step: int) -> None:
        """A step of fixed length, then the regularizations."""
        with torch.no_grad():
            size = math.sqrt(values[0].numel())
            values -= 0.02 * size * gradient / _length(gradient)
            values *= 1 - self.DECAY
            if step % self.EVERY == self.EVERY - 1:
                values.copy_(_blurred(values, self.BLUR * max(0.25, max(self.shape[1:]) / 224)))
                norms = values.norm(dim=1, keepdim=True).flatten(1)
                values *= (norms >= norms.quantile(self.LEAST, dim=1, keepdim=True)).view(
                    len(values), 1, *self.shape[1:]
                )
            values.clamp_(-0.5, 0.5)


def _painter(method: str, shape: tuple[int, int, int]) -> Fourier | Erhan | Yosinski:
    return {"fourier": Fourier, "erhan": Erhan, "yosinski": Yosinski}[method](shape)  # type: ignore[return-value]


def _length(values: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = values.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
    return found


def _blurred(values: torch.Tensor, radius: float) -> torch.Tensor:
    """A Gaussian blur of standard deviation ``radius`` pixels."""
    reach = max(1, math.ceil(2 * radius))
    places = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    kernel = (-(places**2) / (2 * radius**2)).exp()
    kernel = (kernel / kernel.sum()).view(1, 1, -1).expand(values.shape[1], 1, -1)
    padded = F.pad(values, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(padded, kernel.unsqueeze(2), groups=values.shape[1])
    return F.conv2d(across, kernel.unsqueeze(3), groups=values.shape[1])


def _variation(pixels: torch.Tensor) -> torch.Tensor:
    """Mean difference to neighbours, summed over images."""
    down = (pixels[:, :, 1:] - pixels[:, :, :-1]).abs().mean((1, 2, 3))
    across = (pixels[..., 1:] - pixels[..., :-1]).abs().mean((1, 2, 3))
    return (down + across).sum()
