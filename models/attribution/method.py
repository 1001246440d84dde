"""What a way to explain is: one file in ``methods`` with its options and a function, found by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from data.registry import Registry
from models.attribution.passes import Subject


@dataclass(frozen=True)
class Completeness:
    """Whether the parts add up: ``expected`` is what the map should sum to, ``found`` what it does (with ``constants``,
    what biases and other constants received, which no pixel can show)."""

    expected: float
    found: float
    constants: float = 0.0

    @property
    def error(self) -> float:
        """The difference as a share of what was expected."""
        return abs(self.found + self.constants - self.expected) / max(abs(self.expected), 1e-6)


@dataclass(frozen=True)
class Map:
    """An attribution: float32 [c, h, w] of the network's input (c = 1 for methods that do not tell channels apart).

    ``signed`` maps have a meaning for negative values; ``reduction`` says how channels become one: "sum" for shares of
    the score, "norm" for sensitivities (root of the sum of squares).
    """

    values: torch.Tensor
    reduction: str = "sum"
    completeness: Completeness | None = None
    notes: tuple[str, ...] = ()

    @property
    def flat(self) -> torch.Tensor:
        """One value a pixel, float32 [h, w]."""
        return self.values.sum(0) if self.reduction == "sum" else self.values.square().sum(0).sqrt()


Run = Callable[[Subject, Any], Map]


@dataclass(frozen=True)
class Method:
    """A registered way to explain.

    ``insensitive`` says in a sentence how the method is known to ignore weights ("" where it does not); ``wave`` is 1
    for those that cost a few forward passes and 2 for those that cost dozens; ``options`` is a frozen dataclass.
    """

    name: str
    title: str
    help: str
    options: type[Any]
    run: Run
    wave: int = 1
    insensitive: str = ""
    source: str = ""
    order: int = 99
    tags: frozenset[str] = field(default=frozenset())


methods: Registry[Method] = Registry("models.attribution.methods", "foveal.inspections")


def method(name: str, title: str, options: type[Any], **more: Any) -> Callable[[Run], Run]:
    """A decorator that registers a function (subject, options) -> Map; its docstring's first line is the help."""

    def add(run: Run) -> Run:
        methods.register(Method(name, title, (run.__doc__ or "").partition("\n")[0], options, run, **more))
        return run

    return add


@dataclass(frozen=True)
class NoOptions:
    """Nothing to choose."""


def ordered() -> list[Method]:
    """All methods as a list shows them."""
    return sorted(methods, key=lambda item: (item.wave, item.order, item.name))
