"""DIGITS's sign-in: a name alone for the single user of a machine, name and password on a server for many."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from app import auth
from app.api.digits_errors import new_blueprint
from app.api.digits_urls import twin
from app.auth import own_address, public
from app.extensions import context
from app.services.context import NotSignedIn
from app.services.limits import TooManyTries
from data.errors import UserError

blueprint = new_blueprint("session")
COOKIE = "username"
YEAR = 365 * 24 * 3600


@twin(blueprint, "/login", "POST")
@public
def login() -> Response:
    """Keep the name in a cookie (single-user mode), or start a session for ``username`` and ``password``."""
    name = request.form.get("username") or request.args.get("username") or ""
    if not name:
        raise BadRequest("Give a username.")
    response = redirect(own_address(request.values.get("next", "")) or url_for("home.index"))
    if context().settings.single_user:
        response.set_cookie(COOKIE, name, max_age=YEAR, httponly=True, samesite="Lax")
        return response
    _start_session(name, request.form.get("password", ""))
    return response


def _start_session(name: str, password: str) -> None:
    """Raises NotSignedIn (401) for a wrong or missing password, TooManyTries."""
    if not password:
        raise NotSignedIn(
            "A name alone is not accepted on a server for many.",
            hint="Send username and password, or the header Authorization: Bearer TOKEN.",
        )
    try:
        auth.sign_in(name, password, script=True)
    except TooManyTries:
        raise
    except UserError as error:
        raise NotSignedIn(error.message) from None


@twin(blueprint, "/logout", "GET", "POST")
@public
def logout() -> Response:
    """Forget who it was."""
    auth.sign_out()
    response = redirect(own_address(request.values.get("next", "")) or url_for("home.index"))
    response.delete_cookie(COOKIE)
    return response
