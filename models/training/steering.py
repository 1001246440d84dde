"""What people may do to a training while it runs; jobs/control.py brings their requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Request(Protocol):
    """One request: an ``act`` (rate, save, stop, pause, extend) with its ``value``."""

    @property
    def line(self) -> int:
        """From 1."""

    @property
    def act(self) -> str:
        """What is wanted."""

    @property
    def value(self) -> Any:
        """A number, where the act needs one."""

    @property
    def who(self) -> str:
        """Whose wish it is."""

    @property
    def late(self) -> bool:
        """Whether it was meant for an earlier worker, which did not see it."""


class Steering(Protocol):
    """Where requests come from."""

    def news(self) -> Sequence[Request]:
        """Those that came since the last call; cheap enough for every step."""


class Nobody:
    """Nobody steers."""

    def news(self) -> Sequence[Request]:
        """Never anything."""
        return ()


NOBODY = Nobody()


def told(request: Request, step: int, **more: Any) -> dict[str, Any]:
    """The event that says a request was carried out after ``step``."""
    known = {"line": request.line, "act": request.act, "value": request.value, "who": request.who}
    return {"kind": "act", **known, "step": step, **more}


def number(value: Any, least: float = 0.0) -> float | None:
    """The value as a finite number above ``least``; None where it is none (the request is then passed over)."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if least < found < 1e12 else None


def epochs_of(acts: Sequence[Mapping[str, Any]], planned: float) -> float:
    """The epochs to train, after every "extend" so far."""
    wished = (number(act.get("value")) for act in acts if act.get("act") == "extend")
    return next((value for value in reversed([*wished]) if value is not None), planned)
