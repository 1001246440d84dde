"""One cycle: up, then down far below the start (Smith, Topin 2017, "Super-convergence"), as torch's OneCycleLR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from data.options import option
from models.training.schedules import Measured, schedule
from models.training.schedules.cosine import half_wave


@schedule("one_cycle", "One cycle")
@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """Rises to the base rate, which is the highest here, then falls far below the start. Only the rate is cycled."""

    rise: Annotated[float, option("Rises for", unit="%", gt=0, lt=100)] = 30.0
    start_divisor: Annotated[float, option("Starts at the base rate divided by", ge=1, le=1e9)] = 25.0
    end_divisor: Annotated[float, option("Ends at the start divided by", ge=1, le=1e12)] = 1e4
    shape: Annotated[
        Literal["cosine", "linear"],
        option("Shape", labels={"cosine": "Cosine", "linear": "Straight lines"}, advanced=True),
    ] = "cosine"

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """From 1 / start_divisor to 1 at ``rise`` percent, then to 1 / (start_divisor * end_divisor)."""
        start = 1 / self.start_divisor
        if percent < self.rise:
            return self._way(1 - percent / self.rise, start)
        return self._way((percent - self.rise) / (100 - self.rise), start / self.end_divisor)

    def _way(self, share: float, low: float) -> float:
        """From 1 (share 0) down to ``low`` (share 1)."""
        return half_wave(share, low) if self.shape == "cosine" else 1 + (low - 1) * min(1.0, share)
