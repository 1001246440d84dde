"""People and tokens as the web offers them: signing in, one's own tokens and password, the admin's list of users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Annotated, Any, Literal

from app.services.context import Conflict, Context, NotAllowed, NotFound, require
from app.services.offload import offload
from data.errors import UserError
from data.options import option, parse
from jobs import accounts
from jobs.permissions import Principal
from jobs.tables import TokenRow, UserRow

_HASHING = BoundedSemaphore(1)
"""argon2 takes 64 MiB each time: several at once would let strangers fill the memory."""


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """A person who may sign in."""

    name: Annotated[str, option("Name", min_length=1, max_length=80)]
    password: Annotated[str, option("Password", "At least 8 characters.", min_length=8, max_length=1024)]
    role: Annotated[Literal["viewer", "member", "admin"], option("Role")] = "member"


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A bearer token for scripts."""

    title: Annotated[str, option("Title", "What it is for.", min_length=1, max_length=200)]
    scope: Annotated[Literal["read", "write", "admin"], option("Scope")] = "write"
    expires: Annotated[float | None, option("Expires", "Unix seconds; blank: never.", ge=0, le=1e11)] = None


def sign_in(ctx: Context, name: str, password: str, address: str = "") -> Principal:
    """Who signs in. Raises UserError for a wrong name or password (the same for both), TooManyTries."""
    ctx.sign_in_limit.hit(address, name)
    with _HASHING:
        who = offload(accounts.verify, ctx.store, name, password)
    if who is None:
        raise UserError("Name or password is wrong.", field="password")
    ctx.sign_in_limit.clear(address, name)
    return who


def user_dict(row: UserRow) -> dict[str, Any]:
    """A user as JSON; never the password's hash."""
    return {key: getattr(row, key) for key in ("name", "role", "created", "disabled")}


def token_dict(row: TokenRow) -> dict[str, Any]:
    """A token as JSON; its text is not kept."""
    return {key: getattr(row, key) for key in ("id", "title", "scope", "created", "expires", "last_used")}


def users(ctx: Context, who: Principal | None) -> list[dict[str, Any]]:
    """All users. Raises NotAllowed for anybody but an admin."""
    require(who, "admin")
    return [user_dict(row) for row in accounts.users(ctx.store)]


def add_user(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new user. Raises InvalidOptions, UserError (name taken), NotAllowed."""
    require(who, "admin")
    given = parse(NewUser, values)
    offload(accounts.create_user, ctx.store, given.name, given.password, given.role)
    return _user(ctx, given.name)


def change_user(ctx: Context, who: Principal | None, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set role, password or disabled of a user; people may change their own password. Raises NotFound, NotAllowed."""
    own = who is not None and who.name == name and who.scope == "admin" and set(values) <= {"password"}
    if not own:
        require(who, "admin")
    _user(ctx, name)
    if values.get("password") is not None:
        offload(accounts.set_password, ctx.store, name, str(values["password"]))
    if values.get("role") is not None:
        accounts.set_role(ctx.store, name, str(values["role"]))
    if values.get("disabled") is not None:
        accounts.set_disabled(ctx.store, name, bool(values["disabled"]))
    return _user(ctx, name)


def remove_user(ctx: Context, who: Principal | None, name: str) -> None:
    """Remove a user; the jobs stay. Raises NotFound, NotAllowed, UserError for the last admin."""
    require(who, "admin")
    _user(ctx, name)
    accounts.delete_user(ctx.store, name)


def tokens(ctx: Context, who: Principal | None) -> list[dict[str, Any]]:
    """One's own tokens."""
    return [token_dict(row) for row in accounts.tokens(ctx.store, _self(who).name)]


def add_token(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new token of one's own; ``token`` in the answer is shown this once.

    Raises Conflict in single-user mode (no accounts, so nothing to speak for), NotAllowed for a bearer token of
    narrower scope than it would make.
    """
    given = parse(NewToken, values)
    who = _self(who)
    order = accounts.SCOPES
    if order.index(given.scope) > order.index(who.scope):
        raise NotAllowed(f"A token of scope {who.scope} cannot make one of scope {given.scope}.")
    if all(row.name != who.name for row in accounts.users(ctx.store)):
        raise Conflict(f"There is no account {who.name}.", hint=f"Make one: python run.py user add {who.name}")
    text, row = accounts.create_token(ctx.store, who.name, given.title, given.scope, given.expires)
    return {**token_dict(row), "token": text}


def remove_token(ctx: Context, who: Principal | None, token_id: int) -> None:
    """Revoke one of one's own tokens. Raises NotFound."""
    if not accounts.delete_token(ctx.store, _self(who).name, token_id):
        raise NotFound(f"You have no token {token_id}.")


def _self(who: Principal | None) -> Principal:
    """The person, who must be signed in and not speak through a token that may only read."""
    who = require(who, "view")
    if who.scope == "read":
        raise NotAllowed("A token that may only read cannot manage tokens.")
    return who


def _user(ctx: Context, name: str) -> dict[str, Any]:
    found = next((row for row in accounts.users(ctx.store) if row.name == name), None)
    if found is None:
        raise NotFound(f"There is no user {name}.")
    return user_dict(found)
