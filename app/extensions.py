"""What belongs to one application and is reached from any view: the Context, and work off the event loop."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app

from app.services.context import Context
from app.services.offload import BreathingInput, offload, offload_each

__all__ = ["context", "offload", "offload_each"]


def context() -> Context:
    """The Context of the running application."""
    found: Context = current_app.extensions["foveal"]
    return found


class PatientRequest(Request):
    """A request whose body is read without holding up other visitors, however large it is."""

    def __init__(self, environ: dict[str, Any], *args: Any, **more: Any) -> None:
        if (body := environ.get("wsgi.input")) is not None and not isinstance(body, BreathingInput):
            environ["wsgi.input"] = BreathingInput(body)
        super().__init__(environ, *args, **more)
