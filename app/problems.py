"""Errors as people and programs see them: a page, or an RFC 9457 problem; never a stack trace."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from markupsafe import escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app.services.context import Conflict, NotAllowed, NotFound, NotSignedIn, StorageFull
from app.services.limits import TooManyTries
from data.errors import InvalidOptions, UserError
from jobs.inspection import InspectorDied, InspectorFailed, InspectorTimeout

STATUS: dict[type[UserError], int] = {
    InvalidOptions: 422,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooManyTries: 429,
    InspectorDied: 503,
    InspectorFailed: 500,
    InspectorTimeout: 504,
    StorageFull: 507,
    UserError: 422,
}


def install(app: Flask) -> None:
    """Answer every error in words."""
    app.register_error_handler(UserError, _user_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: UserError) -> int:
    """The HTTP status of a UserError: that of the nearest class with one."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem_of(error: UserError) -> dict[str, Any]:
    """The RFC 9457 problem of a UserError; ``errors`` names each wrong field."""
    status = status_of(error)
    problem = _problem(status, error.message, _slug(type(error)))
    if isinstance(error, InvalidOptions):
        problem["detail"] = "Some values are wrong."
        problem["errors"] = [{"field": name, "message": text} for name, texts in error.fields.items() for text in texts]
    elif error.field:
        problem["errors"] = [{"field": error.field, "message": error.message}]
    if error.hint:
        problem["hint"] = error.hint
    if isinstance(error, Conflict) and error.blockers:
        problem["blockers"] = list(error.blockers)
    return problem


def wants_json() -> bool:
    """Whether this request should be answered in JSON: the API's always, others where they ask for nothing else."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and not request.accept_mimetypes.accept_html


def _user_error(error: UserError) -> BaseResponse:
    if isinstance(error, NotSignedIn):
        return _ask_to_sign_in(error)
    return _answer(problem_of(error))


def _ask_to_sign_in(error: NotSignedIn) -> BaseResponse:
    """The sign-in page for people; a part of a page that htmx asked for sends the whole page there."""
    part = "HX-Request" in request.headers
    if request.method == "GET" and not part and not wants_json():
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    response = _answer(problem_of(error))
    response.headers["WWW-Authenticate"] = 'Bearer realm="foveal"'
    if part:
        response.headers["HX-Redirect"] = url_for("accounts.sign_in")
    return response


def _http_error(error: HTTPException) -> BaseResponse:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    response = _answer(_problem(error.code, _words(error)))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> BaseResponse:
    """A defect of ours: the log has the trace under a number that the page shows."""
    reference = secrets.token_hex(4)
    current_app.logger.error("unexpected error %s at %s %s", reference, request.method, request.path, exc_info=error)
    problem = _problem(500, "Something went wrong in Foveal itself; nothing of yours was lost.", "internal")
    hint = f"The server's log has the details under {reference}; please send them to whoever looks after this server."
    return _answer({**problem, "reference": reference, "hint": hint})


def _answer(problem: dict[str, Any]) -> Response:
    if wants_json():
        if not request.path.startswith("/api/"):  # scripts written for DIGITS look for `error`, here too
            problem = {**problem, "error": {"message": problem["detail"], "type": problem["title"].replace(" ", "")}}
        response = jsonify(problem)
        response.mimetype = "application/problem+json"
    else:
        response = current_app.make_response(_page(problem))
    response.status_code = problem["status"]
    return response


def _page(problem: dict[str, Any]) -> str:
    """The error page; where even that cannot be made, its sentences as they are."""
    message = "\n".join(item["message"] for item in problem.get("errors", ())) or problem["detail"]
    values = {key: problem.get(key, "") for key in ("status", "title", "hint", "reference")}
    try:
        return render_template("error.html", **values, message=message, blockers=problem.get("blockers", []))
    except Exception:
        current_app.logger.exception("the error page cannot be rendered")
        return _bare_page(problem["title"], message, values["hint"])


def _bare_page(*parts: str) -> str:
    """Sentences as a bare page, escaped."""
    return "<!doctype html><meta charset=utf-8><title>Foveal</title>" + "".join(f"<p>{escape(part)}" for part in parts)


def _problem(status: int, detail: str, kind: str | None = None) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {
        "type": f"urn:foveal:problem:{kind}" if kind else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }


def _slug(cls: type[UserError]) -> str:
    """InvalidOptions -> invalid-options."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("-")


def _words(error: HTTPException) -> str:
    if error.code == 404:
        return "There is nothing at this address."
    if error.code == 413:
        limit = current_app.config["MAX_CONTENT_LENGTH"] // 1_000_000
        return f"The request is larger than this server takes ({limit} MB)."
    return error.description or HTTPStatus(error.code or 500).description
