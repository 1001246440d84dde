"""What belongs to one application and is reached from any view: the Context, and work off the event loop."""

from __future__ import annotations

from flask import current_app

from app.services.context import Context
from app.services.offload import offload, offload_each

__all__ = ["context", "offload", "offload_each"]


def context() -> Context:
    """The Context of the running application."""
    found: Context = current_app.extensions["foveal"]
    return found
