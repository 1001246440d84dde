"""Multistep: the rate falls at chosen places (DIGITS's "multistep")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from data.options import option
from models.training.schedules import Measured, schedule


def numbers(text: str) -> tuple[float, ...]:
    """The percentages of a comma list. Raises ValueError naming what is none."""
    found = []
    for part in filter(None, (part.strip().removesuffix("%") for part in text.split(","))):
        try:
            found.append(float(part))
        except ValueError:
            raise ValueError(f"{part!r} is not a number; write percentages with commas, such as 50, 85") from None
        if not 0 <= found[-1] <= 100:
            raise ValueError(f"{part} is not between 0 and 100 percent")
    return tuple(sorted(found))


def _checked(text: str) -> str:
    numbers(text)
    return text


@schedule("multistep", "Several steps down")
@dataclass(frozen=True, kw_only=True)
class Multistep:
    """gamma ** (how many of the given percentages are done): falls at once at each of them."""

    values: Annotated[
        str, option("Step at", "Percentages of the training, with commas.", unit="%"), AfterValidator(_checked)
    ] = "50,85"
    gamma: Annotated[float, option("Multiply by", gt=0, le=1000)] = 0.5

    def factor(self, percent: float, measured: Measured = ()) -> float:
        """A value counts as done from exactly there on (``<=``), as in DIGITS; rounding is forgiven."""
        return self.gamma ** sum(value <= percent + 1e-9 for value in numbers(self.values))
