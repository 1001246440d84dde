"""What a sweep is: the recipe, what is varied, and how the best models are searched for. Free of torch and Optuna."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from data.options import option
from models.sweeps.space import Space, read

LARGEST_IS_BEST = {"val/accuracy": True, "val/loss": False, "train/loss": False}
"""The curves that a sweep may be judged by, and which end of each is the better one."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How a search tries values: how many models, how many at once, and when a poor one is given up."""

    trials: Annotated[int, option("Models to train", "In all, the ones given up early too.", ge=1, le=500)] = 20
    parallel: Annotated[
        int,
        option(
            "At once",
            "More than the machine has room for wait in the queue, and learn less from each other.",
            ge=1,
            le=64,
        ),
    ] = 1
    pruner: Annotated[
        Literal["median", "hyperband", "none"],
        option(
            "Give up on",
            "Judged by the validations of a model as it is trained, against the other models' at the same epoch.",
            labels={
                "median": "Models worse than the median so far",
                "hyperband": "The worse two thirds, again and again (Hyperband)",
                "none": "None: train every model to the end",
            },
        ),
    ] = "median"
    first: Annotated[
        int,
        option("Drawn at random first", "Only then is what was found used to choose the next values.", ge=1, le=500),
    ] = 8
    sampler_seed: Annotated[
        int, option("Seed of the search", "The same seed tries the same values first.", ge=0, le=2**31 - 1)
    ] = 0


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """A sweep as it is kept in its job: ``model`` are the values of the form that all its models share.

    ``space`` is what :func:`models.sweeps.space.read` reads, ``curve`` what the best is judged by; ``search`` is None
    where every combination is trained. A search also keeps the source of every network, and what a model ``needs``.
    """

    model: dict[str, Any]
    space: dict[str, Any]
    curve: str = "val/loss"
    search: SearchOptions | None = None
    sources: dict[str, str] = field(default_factory=dict)
    needs: dict[str, Any] = field(default_factory=dict)

    @property
    def varied(self) -> Space:
        """What is varied."""
        return {name: read(name, values, ranges=True) for name, values in self.space.items()}


def trial_name(name: str, values: dict[str, Any]) -> str:
    """``lenet learning_rate:0.1 batch_size:64``: what is varied is said in the name, as DIGITS does."""
    return " ".join([name, *(f"{option}:{said(value)}" for option, value in values.items())])[:500]


def said(value: Any) -> str:
    """A value in a name: four digits are enough of a number that was drawn."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
