"""What the measured times mean: seconds of an epoch, and a sentence that says what will be the limit. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds: ``step`` of the network, ``images`` until a step's images are there, ``load`` once before the start.

    ``ahead``: images are read by threads while the network computes, so that the slower of both counts; otherwise
    one follows the other.
    """

    step: float
    images: float
    ahead: bool = False
    load: float = 0.0

    @property
    def both(self) -> float:
        """Seconds from one step to the next."""
        return max(self.step, self.images) if self.ahead else self.step + self.images

    def epoch(self, steps: int) -> float:
        """Seconds of an epoch of so many steps."""
        return steps * self.both

    @property
    def limit(self) -> str:
        """ "network" or "images": which takes longer."""
        return "images" if self.images > self.step else "network"


def sentence(timing: Timing, images: int) -> str:
    """Which of both will be the limit, with the figures of both."""
    network, pictures = spoken(timing.step), spoken(timing.images)
    where = "read from the disk" if timing.ahead else "taken from memory"
    if timing.limit == "network":
        return (
            f"The network is the limit: a step of {images} images takes {network}, and they are {where} in {pictures}."
        )
    waits = "the network waits for them" if timing.ahead else "that is more than the network takes"
    return (
        f"Reading images is the limit: {images} of them are {where} in {pictures}, a step takes {network}; {waits}. "
        "Smaller records, or a batch database on a faster disk, would help."
    )


def spoken(seconds: float) -> str:
    """0.4 ms, 31 ms, 2.4 s, 12 min, 3.1 h."""
    if seconds < 0.001:
        return f"{1e3 * seconds:.2g} ms"
    if seconds < 1:
        return f"{1e3 * seconds:.3g} ms"
    if seconds < 90:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"
