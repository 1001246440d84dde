"""What an admin looks after: the server's settings and plug-ins, and the people who may sign in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.auth import current
from app.config import Settings
from app.extensions import context
from app.forms import fields, posted
from app.services import accounts, machine
from app.services.accounts import NewUser
from app.services.context import require
from data.errors import InvalidOptions, UserError
from models.networks import networks

blueprint = Blueprint("admin", __name__)
SECRET = {"secret_key", "database_url", "smtp_password"}


@blueprint.get("/about")
def about() -> str:
    """Version, machine, broken plug-ins; the effective settings (without secrets) for admins."""
    who = current()
    shown = _settings(context().settings) if who is not None and who.role == "admin" else []
    return render_template(
        "admin/about.html",
        settings=shown,
        broken=_broken(),
        machine=machine.describe(context()),
        libraries=_libraries(),
    )


@blueprint.get("/admin/users")
def users() -> str:
    """Everybody who may sign in."""
    return _page({}, {})


@blueprint.post("/admin/users")
def add_user() -> Response:
    """Add a person."""
    given = posted(request.form)
    try:
        made = accounts.add_user(context(), current(), given)
    except InvalidOptions as error:
        return make_response(_page(given, error.fields), 422)
    except UserError as error:
        if error.field is None:
            raise
        return make_response(_page(given, {error.field: [str(error)]}), 422)
    flash(f"{made['name']} may sign in now.", "success")
    return redirect(url_for("admin.users"), 303)


@blueprint.post("/admin/users/<name>")
def change_user(name: str) -> Response:
    """Change role or password, lock out or let in, or remove a person."""
    given = posted(request.form)
    try:
        if given.get("remove"):
            accounts.remove_user(context(), current(), name)
        else:
            wanted = {key: value for key, value in given.items() if key in ("role", "password") and value}
            if "disabled" in given:
                wanted["disabled"] = given["disabled"] == "true"
            accounts.change_user(context(), current(), name, wanted)
        flash(f"{name} is {'removed' if given.get('remove') else 'changed'}.", "success")
    except UserError as error:
        flash(str(error), "danger")
    return redirect(url_for("admin.users"), 303)


def _page(values: dict[str, Any], errors: dict[str, list[str]]) -> str:
    people = accounts.users(context(), require(current(), "admin"))
    return render_template("admin/users.html", people=people, user=fields(NewUser, {**values, "password": ""}, errors))


def _settings(settings: Settings) -> list[dict[str, Any]]:
    """Each setting with its value and what it is for; secrets only say whether they are set."""
    shown = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name in SECRET:
            value = "set" if value else "not set"
        elif isinstance(value, tuple):
            value = ", ".join(str(item) for item in value) or "none"
        shown.append({"name": name, "value": value, "help": field.description or ""})
    return shown


def _broken() -> dict[str, str]:
    """Plug-ins that do not load, each with its reason."""
    list(networks)
    return dict(networks.broken)


def _libraries() -> list[dict[str, Any]]:
    """The third-party browser code that was bundled, from the manifest that vendor.mjs wrote."""
    from flask import current_app, json

    with current_app.open_resource("static/vendor/manifest.json", "r") as file:
        found: list[dict[str, Any]] = json.load(file)["packages"]
    return found
