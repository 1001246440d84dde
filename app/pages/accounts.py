"""Signing in and out, one's own password, and one's own tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import auth
from app.auth import current, own_address, public
from app.extensions import context
from app.forms import fields, posted
from app.services import accounts
from app.services.accounts import NewToken
from app.services.context import require
from data.errors import InvalidOptions, UserError

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/login")
@public
def sign_in() -> str:
    """The sign-in page."""
    return render_template("accounts/sign_in.html", next=request.args.get("next", ""), name="", error="")


@blueprint.post("/account/sign-in")
@public
def start() -> Response:
    """Start a session and go on to where the person wanted to go."""
    given = posted(request.form)
    name, onward = given.get("name", ""), own_address(given.get("next", ""))
    try:
        auth.sign_in(name, given.get("password", ""))
    except UserError as error:
        page = render_template("accounts/sign_in.html", next=onward, name=name, error=str(error))
        return make_response(page, 401)
    return redirect(onward or url_for("home.index"), 303)


@blueprint.post("/account/sign-out")
@public
def sign_out() -> Response:
    """End the session."""
    auth.sign_out()
    return redirect(url_for("accounts.sign_in"), 303)


@blueprint.get("/account")
def account() -> str:
    """One's own account."""
    return _page({}, {})


@blueprint.post("/account/password")
def password() -> Response:
    """Change one's own password; the old one is asked for, so that an open browser is not enough."""
    given, who = posted(request.form), require(current(), "view")
    try:
        if given.get("password") != given.get("again"):
            raise UserError("The two new passwords differ.", field="again")
        accounts.sign_in(context(), who.name, given.get("old", ""))
        accounts.change_user(context(), who, who.name, {"password": given.get("password", "")})
    except UserError as error:
        return make_response(_page({}, {f"old-{error.field or ''}": [str(error)]}), 422)
    auth.sign_in(who.name, given["password"])  # the change has ended all sessions, this one as well
    flash("Your password is changed; all other sessions have ended.", "success")
    return redirect(url_for("accounts.account"), 303)


@blueprint.post("/account/tokens")
def add_token() -> Response:
    """Make a token and show its text, this once."""
    given = posted(request.form)
    try:
        return make_response(_page({}, {}, accounts.add_token(context(), current(), given)))
    except InvalidOptions as error:
        return make_response(_page(given, error.fields), 422)
    except UserError as error:
        return make_response(_page(given, {error.field or "title": [str(error)]}), 422)


@blueprint.post("/account/tokens/<int:token_id>/revoke")
def revoke_token(token_id: int) -> Response:
    """Revoke a token at once."""
    accounts.remove_token(context(), current(), token_id)
    flash("The token is revoked.", "success")
    return redirect(url_for("accounts.account"), 303)


def _page(values: dict[str, Any], errors: dict[str, list[str]], made: dict[str, Any] | None = None) -> str:
    return render_template(
        "accounts/account.html",
        tokens=accounts.tokens(context(), current()), token=fields(NewToken, values, errors), made=made,
        wrong=[text for name, texts in errors.items() if name.startswith("old-") for text in texts],
    )  # fmt: skip
