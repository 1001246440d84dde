"""The layers that can be chosen, with typed arguments: from catalog.py without torch, docstrings from torch."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from functools import lru_cache

from models.source.catalog import CATALOG


@dataclass(frozen=True)
class PaletteArgument:
    """One argument. ``type`` is "int", "float", "bool", "text", "size", "size/text", "sizes", "choice" (of ``choices``)
    or "tensor"; ``default`` is Python text, None where the argument must be given."""

    name: str
    type: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class PaletteEntry:
    """A layer or function. ``initial`` are the arguments with which it is put on an edge ("C" for the channels that
    arrive), None where it cannot be."""

    op: str
    group: str
    summary: str
    arguments: tuple[PaletteArgument, ...]
    initial: str | None

    @property
    def title(self) -> str:
        """The name without its module."""
        return self.op.rsplit(".", 1)[-1]

    @property
    def layer(self) -> bool:
        """Whether it is made in ``__init__`` (else it is a function that the forward calls)."""
        return self.op.startswith("nn.")

    def call(self, channels: int | None = None) -> str:
        """The arguments to begin with, for so many channels (unknown: 1, which the follower check then mends)."""
        tokens = (self.initial or "").split("C")
        return str(channels if channels is not None else 1).join(tokens)


@lru_cache(maxsize=1)
def palette() -> tuple[PaletteEntry, ...]:
    """Every layer and function that is known, by group."""
    return tuple(_entry(line, group) for group, lines in CATALOG.items() for line in lines)


@lru_cache(maxsize=1)
def _by_op() -> dict[str, PaletteEntry]:
    return {entry.op: entry for entry in palette()}


def find(op: str) -> PaletteEntry | None:
    """The entry of "nn.Conv2d", or None."""
    return _by_op().get(op)


def positions(op: str) -> list[str]:
    """The names of an operation's arguments by place; empty for what is not in the palette."""
    entry = find(op)
    return [argument.name for argument in entry.arguments] if entry else []


def search(words: str) -> tuple[PaletteEntry, ...]:
    """Entries that hold every word in their name, group or description; those that begin with it come first."""
    wanted = words.lower().split()
    held = [e for e in palette() if all(word in f"{e.op} {e.group} {e.summary}".lower() for word in wanted)]
    first = wanted[0] if wanted else ""
    return tuple(sorted(held, key=lambda entry: not entry.title.lower().startswith(first)))


def documentation(op: str) -> str:
    """The docstring that the installed torch has for an operation; for the inspector, because it imports torch."""
    import torch

    place: object = torch
    path = op.replace("F.", "nn.functional.", 1) if op.startswith("F.") else op.removeprefix("torch.")
    for name in path.split("."):
        place = getattr(place, name, None)
    return inspect.getdoc(place) or ""


def _entry(line: str, group: str) -> PaletteEntry:
    signature, summary, *initial = (part.strip() for part in re.split(r" \| ?", line))
    op, _, rest = signature.partition("(")
    arguments = tuple(_argument(part.strip()) for part in rest[:-1].split(",") if part.strip())
    return PaletteEntry(op, group, summary, arguments, initial[0] if initial else None)


def _argument(text: str) -> PaletteArgument:
    head, _, default = (part.strip() for part in text.partition("="))
    name, _, kind = (part.strip() for part in head.partition(":"))
    value = default or None
    if value is not None:
        ast.literal_eval(value)  # a catalogue that does not read is a bug found by the first test
    choices = tuple(kind.split("/")) if "/" in kind and kind != "size/text" else ()
    return PaletteArgument(name, "choice" if choices else kind or "tensor", value, choices, value == "None")
