"""What protects the browser: the name the server answers to, response headers, and the session's key and cookie."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as PlainResponse

from app.auth import require_same_origin
from app.config import LOOPBACK, Settings

# Bokeh and htmx set style attributes; scripts come from our own files only.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Misdirected(HTTPException):
    """The request names a host that this server is not: perhaps another site's name pointed here (DNS rebinding)."""

    code = 421


class _Sessions(SecureCookieSessionInterface):
    """The session cookie is marked Secure exactly where the page came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def install(app: Flask, settings: Settings) -> None:
    """Add the checks before, and the headers after, every request."""
    app.config.update(
        SECRET_KEY=settings.secret_key or secret_key(settings.home / "secret"),
        SESSION_COOKIE_NAME="foveal",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
    )
    app.session_interface = _Sessions()
    app.before_request(lambda: check_host(request.host, settings))
    app.before_request(require_same_origin)
    app.after_request(_add_headers)


def check_host(host: str, settings: Settings) -> None:
    """Raise Misdirected unless ``host`` (with or without port) is a name of this server.

    Alone on a machine nobody signs in, so the name is what keeps out a page of another site whose name was made to
    point to 127.0.0.1. Elsewhere it is asked for only where ``allowed_hosts`` is set.
    """
    allowed = {*settings.allowed_hosts, *(LOOPBACK if settings.single_user else ())}
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if allowed and name.lower() not in {entry.lower() for entry in allowed}:
        raise Misdirected(f"This server does not answer to the name {name}. If it should, add it to allowed_hosts.")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def secret_key(path: Path) -> str:
    """The key that signs sessions: kept in a file only the server's user can read, made on first use."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


def behind_proxy(app: Flask, settings: Settings) -> None:
    """Trust ``trusted_proxies`` proxies' X-Forwarded headers, and serve below ``url_prefix``; call this last."""
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=count)  # type: ignore[method-assign]
    if settings.url_prefix:
        elsewhere = PlainResponse(f"Foveal is at {settings.url_prefix}/.\n", 404, mimetype="text/plain")
        app.wsgi_app = DispatcherMiddleware(elsewhere, {settings.url_prefix: app.wsgi_app})  # type: ignore[method-assign]
