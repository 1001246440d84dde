"""What the commands of run.py do to a home without serving it; each answers with the sentence to print."""

from __future__ import annotations

import sys
import time

import click
from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from data.errors import UserError
from jobs import accounts
from jobs.store import Store

DAY = 86_400.0


def add_user(settings: Settings, name: str, role: str, from_stdin: bool) -> str:
    """Make a user. Raises UserError (name taken, short password)."""
    accounts.create_user(_store(settings), name, _password(from_stdin), role)
    return f"{name} may sign in as {role}."


def change_password(settings: Settings, name: str, from_stdin: bool) -> str:
    """Give a user a new password. Raises UserError (unknown user, short password)."""
    accounts.set_password(_store(settings), name, _password(from_stdin))
    return f"The password of {name} is changed; open sessions have ended."


def change_role(settings: Settings, name: str, role: str) -> str:
    """Give a user another role. Raises UserError (unknown user, last admin)."""
    accounts.set_role(_store(settings), name, role)
    return f"{name} is {role} now."


def list_users(settings: Settings) -> str:
    """A line for each user."""
    rows = accounts.users(_store(settings))
    lines = [f"{row.name:<24} {row.role:<8} {'disabled' if row.disabled else ''}".rstrip() for row in rows]
    return "\n".join(lines) or "There are no users: only this machine can reach the server, and nobody signs in."


def create_token(settings: Settings, user: str, title: str, scope: str, days: float | None) -> str:
    """A new token's text. Raises UserError (unknown user)."""
    expires = None if days is None else time.time() + days * DAY
    return accounts.create_token(_store(settings), user, title, scope, expires)[0]


def reindex(settings: Settings) -> str:
    """Rebuild the database from the job folders."""
    from jobs.reindex import reindex

    return f"{reindex(_store(settings))} jobs were read from {settings.home / 'jobs'}."


def _store(settings: Settings) -> Store:
    """The store. Raises UserError where home or database cannot be used."""
    try:
        return Store(settings.home, settings.database_url)
    except (OSError, SQLAlchemyError) as error:
        raise UserError(f"The home folder {settings.home} cannot be used: {error}") from error


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
