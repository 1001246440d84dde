"""Drawn: the rate follows points that were put on the plot by hand."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator

from data.options import option
from models.training.schedules import Measured, schedule

MOST = 200


@lru_cache(maxsize=64)
def points(text: str) -> tuple[tuple[float, float], ...]:
    """(percent, factor) pairs of "0:1, 50:0.1", sorted. Raises ValueError saying what is wrong."""
    found: dict[float, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            percent, factor = (float(number) for number in part.split(":"))
        except ValueError:
            raise ValueError(f"{part!r} is not percent:factor; write points such as 0:1, 50:0.5, 100:0.01") from None
        if not (0 <= percent <= 100 and 0 <= factor <= 1e6):
            raise ValueError(f"{part}: the percentage must be 0 to 100, the factor 0 or more")
        found[percent] = factor
    if not 0 < len(found) <= MOST:
        raise ValueError(f"Draw between 1 and {MOST} points")
    return tuple(sorted(found.items()))


def _checked(text: str) -> str:
    points(text)
    return text


@schedule("drawn", "Drawn by hand")
@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Goes through points that you drag on the plot."""

    points: Annotated[
        str,
        option("Points", "percent:factor pairs; drag them on the plot, double-click to add or remove one."),
        AfterValidator(_checked),
    ] = "0:0.1, 15:1, 50:1, 80:0.1, 100:0.01"
    shape: Annotated[
        Literal["log", "linear", "steps"],
        option(
            "Between the points",
            labels={"log": "Straight on a log scale", "linear": "Straight lines", "steps": "Steps"},
        ),
    ] = "log"

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """Before the first point and after the last one the rate stays as it is there."""
        drawn = points(self.points)
        index = bisect_right(drawn, percent, key=lambda point: point[0])
        if index in (0, len(drawn)):
            return drawn[min(index, len(drawn) - 1)][1]
        (left, low), (right, high) = drawn[index - 1], drawn[index]
        share = (percent - left) / (right - left)
        if self.shape == "steps":
            return low
        if self.shape == "log" and low > 0 and high > 0:
            return math.exp((1 - share) * math.log(low) + share * math.log(high))
        return (1 - share) * low + share * high
