"""Starts inspectors ahead of their first request: PyTorch takes seconds to import, and nobody should wait for that.

Not with the server (it would take its cores and half a gigabyte before anybody came), but after the first page that a
person sees: the one for sources after any page, the one for trained models after the page of one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import gevent
from flask import Flask, Response, request

from app.auth import current
from jobs.inspection import MODELS, SOURCES, InspectorDied

log = logging.getLogger("foveal")

PAUSE = 0.5
"""Seconds after the page; what the page itself asks for comes first."""
OF_MODELS = ("models.show", "units.")


def warm_when_visited(app: Flask, later: Callable[..., object] = gevent.spawn_later) -> None:
    """Watch the pages of an application that is being served; each inspector is warmed once."""
    warmed: set[str] = set()

    def watch(response: Response) -> Response:
        if response.mimetype == "text/html" and response.status_code == 200 and current() is not None:
            for room in rooms(request.endpoint or ""):
                if room not in warmed:
                    warmed.add(room)
                    later(PAUSE, _warm, app, room)
        return response

    app.after_request(watch)


def rooms(endpoint: str) -> tuple[str, ...]:
    """Which inspectors a person on this page will soon need."""
    return (SOURCES, MODELS) if endpoint.startswith(OF_MODELS) else (SOURCES,)


def _warm(app: Flask, room: str) -> None:
    try:
        app.extensions["foveal"].inspectors.warm(room)
    except InspectorDied as error:
        log.warning("%s", error)  # whoever asks it something is told as well
