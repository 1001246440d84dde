"""Resize modes, one file each: how a picture of one shape gets into a frame of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.errors import UserError
from data.placement import Placement, Size
from data.registry import Registry

Place = Callable[[Size, Size], Placement]
"""``place(source, target)``: pure; the crop box never leaves the scaled picture, nor the pasted one the target."""


@dataclass(frozen=True)
class ResizeMode:
    """A resize mode: ``name`` for URLs and options, ``title`` for people, ``help`` in one sentence."""

    name: str
    title: str
    help: str
    place: Place


resize_modes: Registry[ResizeMode] = Registry("data.transforms")


def resize_mode(name: str, title: str) -> Callable[[Place], Place]:
    """Register a placing function as a resize mode; the first line of its docstring is the help."""

    def register(place: Place) -> Place:
        resize_modes.register(ResizeMode(name, title, (place.__doc__ or "").partition("\n")[0], place))
        return place

    return register


def find_resize_mode(name: str) -> ResizeMode:
    """The resize mode of this name. Raises UserError naming those there are."""
    if name not in resize_modes:
        names = ", ".join(resize_modes.names())
        raise UserError(f'There is no resize mode "{name}".', field="resize_mode", hint=f"Choose one of: {names}.")
    return resize_modes[name]
