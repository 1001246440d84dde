"""Running the web: gevent's server on one address, the scheduler beside it, an orderly end."""

from __future__ import annotations

import errno
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

import gevent
from flask import Flask
from gevent.event import Event
from gevent.pywsgi import LoggingLogAdapter, WSGIHandler, WSGIServer
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.config import Settings
from app.services.offload import offload
from app.services.upload_parts import clean
from app.supervisor import Supervisor
from app.warming import warm_when_visited
from data.errors import UserError
from jobs.accounts import has_admin

log = logging.getLogger("foveal")

GOODBYE = 2.0
"""Seconds that requests get to end when the server stops."""


class PromptHandler(WSGIHandler):
    """Sends what it has at once: with Nagle's algorithm a body waits 40 ms for the receipt of its headers."""

    def __init__(self, sock: socket.socket, *args: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, *args)


def serve(settings: Settings, ready: Callable[[Flask, str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. ``ready(app, url)`` runs in a greenlet of its own once browsers can connect.

    Raises UserError where it cannot start: home not writable, address in use, no admin for an open address.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    app = open_app(settings)
    warm_when_visited(app)
    server = listen(settings, app)
    url = address(settings, server.server_port)
    supervisor = Supervisor(settings)
    over = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, over.set)
    gevent.spawn(supervisor.watch)
    gevent.spawn(offload, clean, app.extensions["foveal"])
    server.start()
    print(f"Foveal is at {url}  (state in {settings.home}, Ctrl-C stops it)", flush=True)
    if ready:
        gevent.spawn(ready, app, url)
    over.wait()
    log.info("stopping: the web and the scheduler end; running jobs go on and are found again at the next start")
    supervisor.stop()
    server.stop(GOODBYE)
    app.extensions["foveal"].inspectors.close()


def open_app(settings: Settings) -> Flask:
    """The application. Raises UserError where its home or database cannot be used, or an admin is missing."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        app = create_app(settings)
    except OSError as error:
        raise UserError(
            f"The home folder {settings.home} cannot be used: {error.strerror or error}.",
            hint="Choose another with --home or FOVEAL_HOME.",
        ) from error
    except SQLAlchemyError as error:
        raise UserError(f"The database cannot be opened: {str(error).splitlines()[0]}") from error
    if not settings.single_user and not has_admin(app.extensions["foveal"].store):
        raise UserError(
            f"{settings.host} can be reached from other machines, so somebody must sign in, and there is no admin yet.",
            hint="Make one first: python run.py user add NAME --admin",
        )
    return app


def listen(settings: Settings, app: Any) -> WSGIServer:
    """The bound server. Raises UserError where the address is in use, not ours, or not allowed."""
    errors = LoggingLogAdapter(logging.getLogger("foveal.web"), logging.ERROR)
    server = WSGIServer((settings.host, settings.port), app, log=None, error_log=errors, handler_class=PromptHandler)
    try:
        server.init_socket()
    except OSError as error:
        raise UserError(_why_not(settings, error), hint="Choose another with --port or --host.") from error
    return server


def _why_not(settings: Settings, error: OSError) -> str:
    place = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"The address {place} is in use by another program (perhaps Foveal runs already)."
    if error.errno == errno.EACCES:
        return f"The address {place} is not allowed: ports below 1024 are for root."
    return f"The address {place} cannot be used: {error.strerror or error}."


def address(settings: Settings, port: int) -> str:
    """What to type into a browser."""
    host = settings.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{settings.url_prefix}/"
