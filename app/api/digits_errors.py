"""Errors in DIGITS's two shapes: ``{errors: {field: [...]}}`` for a form, ``{error: {...}}`` for all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app.api.digits_fields import renamed
from app.api.digits_urls import PREFIX, as_json
from app.auth import DIGITS_NAME
from app.extensions import context
from app.problems import status_of
from app.services.context import NotSignedIn
from data.errors import InvalidOptions, UserError

T = TypeVar("T")


def new_blueprint(topic: str, conflict: int = 409) -> Blueprint:
    """A blueprint whose errors have DIGITS's shapes and which checks DIGITS's ``username``.

    ``conflict`` is the status where a job's state forbids what was asked (DIGITS: 403 for abort and delete).
    """
    statuses = {422: 400, 409: conflict}

    def answer(error: UserError) -> AnyResponse:
        status = status_of(error)
        return _user_error(error, statuses.get(status, status))

    blueprint = Blueprint(f"{PREFIX}{topic}", __name__)
    blueprint.before_request(check_username)
    blueprint.register_error_handler(UserError, answer)
    blueprint.register_error_handler(HTTPException, _http_error)
    return blueprint


def check_username() -> None:
    """Raise BadRequest for a ``username`` that DIGITS would not take (only where it is not the name of an account)."""
    given = request.args.get("username") or request.form.get("username")
    if given and context().settings.single_user and not DIGITS_NAME.fullmatch(given):
        raise BadRequest(
            f"{given!r} cannot be a user name: it must begin with a lower-case letter, "
            "then lower-case letters, digits and . _ - may follow."
        )


def checked(work: Callable[[], T], names: Mapping[str, str]) -> T:
    """``work()``; errors about an option are raised as InvalidOptions under DIGITS's field names."""
    try:
        return work()
    except InvalidOptions as error:
        raise InvalidOptions(renamed(error.fields, names)) from None
    except UserError as error:
        if error.field is None:
            raise
        raise InvalidOptions(renamed({error.field: [str(error)]}, names)) from None


def _user_error(error: UserError, status: int) -> AnyResponse:
    if isinstance(error, NotSignedIn) and request.method == "GET" and not as_json():
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    if isinstance(error, InvalidOptions):
        response = jsonify(errors=error.fields)
        response.status_code = status
        return response
    return _error(status, error.message, type(error).__name__, error.hint)


def _http_error(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    return _error(error.code, error.description or error.name, type(error).__name__)


def _error(status: int, message: str, kind: str, description: str | None = None) -> Response:
    body = {"message": message, "type": kind} | ({"description": description} if description else {})
    response = jsonify(error=body)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="foveal"'
    return response
