"""One's own alerts: where to be told what happened to jobs, and what was sent; being told of a job, on its page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.services import alerts
from app.services.context import find_job
from data.errors import InvalidOptions, UserError
from jobs.permissions import can

blueprint = Blueprint("alerts", __name__)


@blueprint.get("/account/alerts")
def show() -> str:
    """The page."""
    return _page({}, {})


@blueprint.post("/account/alerts")
def add() -> AnyResponse:
    """A new channel, or the form again with what is wrong."""
    values = {
        **request.form.to_dict(),
        "events": request.form.getlist("events"),
        "every_job": "every_job" in request.form,
    }
    try:
        alerts.add(context(), current(), values)
    except InvalidOptions as error:
        return make_response(_page({**values, "target": ""}, error.fields), 422)
    flash("You are told from now on. Send a test to see that it arrives.", "success")
    return redirect(url_for("alerts.show"), 303)


@blueprint.post("/account/alerts/<int:channel_id>/remove")
def remove(channel_id: int) -> AnyResponse:
    """Take a channel away."""
    alerts.remove(context(), current(), channel_id)
    flash("The channel is removed.", "success")
    return redirect(url_for("alerts.show"), 303)


@blueprint.post("/account/alerts/<int:channel_id>/test")
def test(channel_id: int) -> AnyResponse:
    """Send a test there."""
    try:
        alerts.test(context(), current(), channel_id)
        flash("A test is on its way; look below in a few seconds how it went.", "success")
    except UserError as error:
        if type(error).__name__ != "Conflict":
            raise
        flash(str(error), "warning")
    return redirect(url_for("alerts.show"), 303)


@blueprint.route("/jobs/<job_id>/do/alerts", methods=["POST"])
def wish(job_id: str) -> Response:
    """Be told of a job (``wanted`` is 1), or not."""
    row = find_job(context(), current(), job_id)
    return jsonify(alerts.wish(context(), current(), row, request.form.get("wanted") == "1"))


@blueprint.get("/jobs/<job_id>/alerts")
def wanted(job_id: str) -> Response:
    """Whether one is told of a job."""
    return jsonify(alerts.wanted_of(context(), current(), find_job(context(), current(), job_id)))


def _page(values: dict[str, Any], errors: dict[str, list[str]]) -> str:
    settings = context().settings
    return render_template(
        "accounts/alerts.html",
        channels=alerts.channels(context(), current()), sent=alerts.sent(context(), current()), events=alerts.EVENTS,
        kinds=alerts.KINDS, values=values, errors=errors, may=can(current(), "create"), mail=bool(settings.smtp_host),
        private=settings.alert_private_addresses, minutes=settings.alert_stall_minutes,
    )  # fmt: skip
