"""Who is asking: bearer token, session, or the single user of this machine; and that every route asks for somebody."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request, session
from werkzeug.exceptions import Forbidden

from app.extensions import context
from app.services import accounts as accounts_service
from app.services.context import NotSignedIn
from app.services.limits import TooManyTries
from data.errors import UserError
from jobs import accounts
from jobs.permissions import Principal

View = TypeVar("View", bound=Callable[..., Any])

LOCAL = "local"
"""Name of the user in single-user mode where DIGITS's username is not given."""
DIGITS_NAME = re.compile(r"[a-z][a-z0-9._-]{0,79}")
"""What DIGITS takes as a user name."""


def public(view: View) -> View:
    """Mark a view that needs nobody signed in (the sign-in page, static files)."""
    view.public = True  # type: ignore[attr-defined]
    return view


def current() -> Principal | None:
    """Who makes this request; None for somebody not signed in."""
    found: Principal | None = g.get("who")
    return found


def install(app: Flask) -> None:
    """Ask for somebody before every view that is not public."""
    app.before_request(_guard)
    app.context_processor(lambda: {"who": current(), "single_user": context().settings.single_user})


def _guard() -> None:
    g.who = identify()
    if g.who is None and request.endpoint is not None and not _is_public() and not _static():
        raise NotSignedIn("Please sign in first.", hint="Scripts send the header Authorization: Bearer TOKEN.")


def _is_public() -> bool:
    """Whether the view that was asked for is marked so."""
    return bool(getattr(current_app.view_functions.get(request.endpoint or ""), "public", False))


def _static() -> bool:
    """Files of app/static: the same for everybody, and the sign-in page needs them."""
    return request.endpoint is not None and request.endpoint.rsplit(".", 1)[-1] == "static"


def identify() -> Principal | None:
    """Who the request (or the socket's handshake) speaks for. Raises NotSignedIn for a token that is not valid."""
    settings = context().settings
    if (token := bearer_token()) is not None:
        who = accounts.authenticate_token(context().store, token)
        if who is None:
            raise NotSignedIn("This token is not valid: it is unknown, has expired, or its user is disabled.")
        return who
    if settings.single_user:
        return Principal(_digits_name() or LOCAL, "admin")
    if "user" in session:
        return accounts.principal(context().store, session["user"], session.get("stamp"))
    return _digits_password()


def bearer_token() -> str | None:
    """The token of the Authorization header, if there is one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _digits_name() -> str | None:
    """DIGITS's user name: a cookie, an argument, or (on its own routes) a form field; there is no password to it."""
    given = request.cookies.get("username") or request.args.get("username")
    if not given and (request.blueprint or "").startswith("digits"):
        given = request.form.get("username")
    return given if given and DIGITS_NAME.fullmatch(given) else None


def _digits_password() -> Principal | None:
    """Name and password as form fields of one request to a DIGITS route, for scripts that have no token."""
    if _is_public() or not (request.blueprint or "").startswith("digits"):
        return None
    name, password = request.form.get("username"), request.form.get("password")
    if not (name and password):
        return None
    try:
        return accounts_service.sign_in(context(), name, password, request.remote_addr or "")
    except TooManyTries:
        raise
    except UserError as error:
        raise NotSignedIn(error.message) from None


def sign_in(name: str, password: str, script: bool = False) -> Principal:
    """Start a session. Raises UserError for a wrong name or password, TooManyTries where it was tried too often.

    The session of a ``script`` (it signed in without being a browser) may change things without a browser's headers.
    """
    ctx = context()
    who = accounts_service.sign_in(ctx, name, password, request.remote_addr or "")
    session.clear()
    session.permanent = True
    if script and not from_browser():
        session["script"] = True
    session["user"], session["stamp"] = who.name, accounts.stamp_of(ctx.store, who.name)
    return who


def sign_out() -> None:
    """End the session."""
    session.clear()


def from_browser() -> bool:
    """Whether a browser sends this changing request (all of them say where it comes from)."""
    return "Sec-Fetch-Site" in request.headers or "Origin" in request.headers


def own_address(text: str) -> str:
    """``text`` if it is a path of this server, else "": a sign-in must not send people to another site."""
    parts = urlsplit(text)
    own = not parts.scheme and not parts.netloc and text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if own else ""


def require_same_origin() -> None:
    """Refuse a changing request that another site made the browser send (cross-site request forgery).

    Same rule as Go's http.CrossOriginProtection: Sec-Fetch-Site where the browser sends it, else Origin against Host;
    neither means no browser, which may pass unless it carries a browser's session. A bearer token is never sent by
    itself.
    """
    if request.method in ("GET", "HEAD", "OPTIONS") or bearer_token() is not None:
        return
    fetch_site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetch_site is not None:
        allowed = fetch_site in ("same-origin", "none")
    elif origin is not None:
        allowed = origin.partition("://")[2] == request.host
    else:
        allowed = not session or bool(session.get("script"))
    if not allowed:
        raise Forbidden("This request was sent by another site; Foveal only takes changes from its own pages.")
