"""/api/v1: the machine, oneself, one's tokens, and (for admins) the users."""

from __future__ import annotations

from typing import Any, cast

from app.api.endpoint import Api, Input
from app.api.inputs import TokenIn, UserChange, UserIn
from app.api.outputs import Me, NewTokenOut, Token, User
from app.auth import current
from app.extensions import context
from app.services import accounts, machine
from app.services.context import require

api = Api("accounts")


@api.operation("GET", "/machine", returns=dict[str, Any])
def get_machine() -> dict[str, Any]:
    """GPUs and CPU as the scheduler last saw them; `stale` when it has not looked for 10 s."""
    return machine.describe(context())


@api.operation("GET", "/me", returns=Me)
def get_me() -> dict[str, Any]:
    """Who you are to this server."""
    who = require(current(), "view")
    alone = context().settings.single_user
    return {"name": who.name, "role": who.role, "scope": who.scope, "single_user": alone}


@api.operation("GET", "/tokens", returns=list[Token])
def list_tokens() -> list[dict[str, Any]]:
    """Your bearer tokens (their texts are not kept)."""
    return accounts.tokens(context(), current())


@api.operation("POST", "/tokens", returns=NewTokenOut, status=201)
def create_token(body: TokenIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Make a bearer token; its text is in this answer and nowhere else."""
    return accounts.add_token(context(), current(), cast(Input, body).model_dump())


@api.operation("DELETE", "/tokens/<int:token_id>")
def delete_token(token_id: int) -> None:
    """Revoke one of your tokens."""
    accounts.remove_token(context(), current(), token_id)


@api.operation("GET", "/users", returns=list[User])
def list_users() -> list[dict[str, Any]]:
    """All users (admins only)."""
    return accounts.users(context(), current())


@api.operation("POST", "/users", returns=User, status=201)
def create_user(body: UserIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Add a user (admins only)."""
    return accounts.add_user(context(), current(), cast(Input, body).model_dump())


@api.operation("PATCH", "/users/<name>", returns=User)
def change_user(name: str, body: UserChange) -> dict[str, Any]:
    """Change role or password, lock out or let in (admins; everybody their own password)."""
    return accounts.change_user(context(), current(), name, body.model_dump(exclude_unset=True))


@api.operation("DELETE", "/users/<name>")
def delete_user(name: str) -> None:
    """Remove a user (admins only); the jobs stay."""
    accounts.remove_user(context(), current(), name)
