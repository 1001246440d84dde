"""One address, three spellings: ``X.json``, ``X/json`` and ``X`` with Accept: application/json are the same route.

DIGITS 1 to 6 wrote ``.json``, its last master ``/json``, and the Accept header always worked. The routes are written
once, as ``.json``; this WSGI wrapper rewrites the two other spellings to it where (and only where) such a route exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Blueprint, Flask, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header
from werkzeug.routing import RequestRedirect

JSON = "application/json"
PREFIX = "digits_"
"""The names of all blueprints of DIGITS routes begin so."""

View = TypeVar("View", bound=Callable[..., Any])


def twin(blueprint: Blueprint, rule: str, *methods: str) -> Callable[[View], View]:
    """Register a view on ``rule`` and on ``rule.json``; in it, :func:`as_json` tells which one was asked for."""

    def register(view: View) -> View:
        for path in (rule, f"{rule}.json"):
            blueprint.add_url_rule(path, view_func=view, methods=list(methods))
        return view

    return register


def as_json() -> bool:
    """Whether this request wants JSON, in any of the three spellings."""
    return request.path.endswith(".json")


class DigitsUrls:
    """WSGI wrapper around a Flask application: brings the spellings of DIGITS's JSON routes to ``.json``."""

    def __init__(self, app: Flask) -> None:
        self._next = app.wsgi_app
        self._map = app.url_map

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        spelled = json_spelling(environ.get("PATH_INFO", ""), environ.get("HTTP_ACCEPT", ""))
        if spelled and self._known(spelled, environ["REQUEST_METHOD"]):
            environ["PATH_INFO"] = spelled
        if environ.get("PATH_INFO", "").endswith(".json"):
            environ["HTTP_ACCEPT"] = JSON
        return self._next(environ, start_response)

    def _known(self, path: str, method: str) -> bool:
        """Whether ``path`` is one of DIGITS's JSON routes."""
        try:
            endpoint, _ = self._map.bind("").match(path, method)
        except (HTTPException, RequestRedirect):
            return False
        return bool(endpoint.startswith(PREFIX))


def json_spelling(path: str, accept: str) -> str | None:
    """The ``.json`` spelling of an address that asks for JSON in one of the other two ways; None for all others."""
    if path.endswith("/json"):
        return path.removesuffix("/json") + ".json"
    if path.endswith(".json") or not prefers_json(accept):
        return None
    return "/index.json" if path == "/" else f"{path}.json"


def prefers_json(accept: str) -> bool:
    """Whether an Accept header names JSON before HTML (``*/*``, what most scripts send, does not)."""
    found = parse_accept_header(accept, MIMEAccept)
    return found[JSON] > found["text/html"]
