"""Users and bearer tokens: argon2id passwords, tokens shown once and kept as SHA-256. No HTTP here."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from data.errors import UserError
from jobs.permissions import ROLES, Principal
from jobs.store import Store
from jobs.tables import TokenRow, UserRow

SCOPES = ("read", "write", "admin")
TOKEN_PREFIX = "fvl_"  # noqa: S105 - lets secret scanners recognise a leaked token
SEEN_EVERY = 60.0  # seconds between two notes of a token's last use

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")
_PASSWORD_LENGTH = range(8, 1025)
_hasher = PasswordHasher()
# The hash of a forgotten random password. Checked when the name is unknown, so that both answers take as long.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$jwtlBc4xyyIjRSegXbmIjg$T5LcvpLeTl+vUZwWw8Uz+5FPNkjdJOM1cWDTZ22pw7c"


# -- users -------------------------------------------------------------------------------------------------------


def create_user(store: Store, name: str, password: str, role: str = "member") -> None:
    """Add a user. Raises UserError for a name that is taken or malformed, a short password, an unknown role."""
    if not _NAME.fullmatch(name):
        hint = "Use 1 to 80 letters, digits, and . _ @ - and begin with a letter or digit."
        raise UserError(f"{name!r} cannot be a user name.", field="name", hint=hint)
    _check_role(role)
    row = UserRow(name=name, role=role, password_hash=_hash(password), created=time.time(), disabled=False)
    try:
        with store.session() as session:
            session.add(row)
    except IntegrityError:
        raise UserError(f"There is a user {name} already.", field="name") from None


def set_password(store: Store, name: str, password: str) -> None:
    """Replace a user's password. Raises UserError for an unknown user or a short password."""
    _change(store, name, password_hash=_hash(password))


def set_role(store: Store, name: str, role: str) -> None:
    """Make a user viewer, member or admin. Raises UserError where nobody would be left to administer."""
    _check_role(role)
    if role != "admin":
        _keep_an_admin(store, name)
    _change(store, name, role=role)


def set_disabled(store: Store, name: str, disabled: bool) -> None:
    """Lock a user out (password and tokens) or in again; jobs stay. Raises UserError for the last admin."""
    if disabled:
        _keep_an_admin(store, name)
    _change(store, name, disabled=disabled)


def delete_user(store: Store, name: str) -> None:
    """Remove a user with the tokens; the jobs keep the owner's name. Raises UserError for the last admin."""
    _find(store, name)
    _keep_an_admin(store, name)
    with store.session() as session:
        session.execute(delete(TokenRow).where(TokenRow.user == name))
        session.execute(delete(UserRow).where(UserRow.name == name))


def users(store: Store) -> list[UserRow]:
    """All users by name."""
    with store.session() as session:
        return list(session.scalars(select(UserRow).order_by(UserRow.name)))


def has_admin(store: Store) -> bool:
    """Whether somebody can administer this server (a server bound beyond loopback refuses to start without)."""
    return _other_admins(store, "") > 0


def verify(store: Store, name: str, password: str) -> Principal | None:
    """Who signs in with this name and password; None for a wrong password, an unknown or a disabled user.

    Takes about 0.1 to 0.3 s on purpose and as long for unknown names: call it off the web's event loop.
    """
    row = _get(store, name)
    stored = row.password_hash if row else _NOBODY
    if not _matches(stored, password) or row is None or row.disabled:
        return None
    if _hasher.check_needs_rehash(stored):
        _change(store, name, password_hash=_hasher.hash(password))
    return Principal(row.name, row.role)


def principal(store: Store, name: str, stamp: str | None = None) -> Principal | None:
    """Who a session's name stands for now; None once deleted, disabled, or (with ``stamp``) the password changed."""
    row = _get(store, name)
    if row is None or row.disabled or (stamp is not None and not secrets.compare_digest(stamp, session_stamp(row))):
        return None
    return Principal(row.name, row.role)


def session_stamp(row: UserRow) -> str:
    """A text to keep in a session: it changes with the password, so that a new password ends all sessions."""
    return hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]


def stamp_of(store: Store, name: str) -> str:
    """``session_stamp`` of a user by name. Raises UserError for an unknown user."""
    return session_stamp(_find(store, name))


# -- tokens ------------------------------------------------------------------------------------------------------


def create_token(
    store: Store, user: str, title: str, scope: str = "write", expires: float | None = None
) -> tuple[str, TokenRow]:
    """A new bearer token of ``user``: the text, which is shown this once, and its row.

    ``expires`` is in Unix seconds, None for never. Raises UserError for an unknown user, scope or a time gone by.
    """
    _find(store, user)
    if scope not in SCOPES:
        raise UserError(f"{scope!r} is no token scope.", field="scope", hint=f"Choose one of {', '.join(SCOPES)}.")
    if expires is not None and expires <= time.time():
        raise UserError("The token would have expired already.", field="expires")
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = TokenRow(user=user, title=title[:200], hash=_digest(text), scope=scope, created=time.time(), expires=expires)
    with store.session() as session:
        session.add(row)
    return text, row


def tokens(store: Store, user: str) -> list[TokenRow]:
    """A user's tokens, newest first (their texts are not kept)."""
    with store.session() as session:
        return list(session.scalars(select(TokenRow).where(TokenRow.user == user).order_by(TokenRow.id.desc())))


def delete_token(store: Store, user: str, token_id: int) -> bool:
    """Revoke a token of ``user``; False where there is none of that number."""
    with store.session() as session:
        found = session.scalar(select(TokenRow).where(TokenRow.id == token_id, TokenRow.user == user))
        if found is not None:
            session.delete(found)
        return found is not None


def authenticate_token(store: Store, text: str) -> Principal | None:
    """Who a bearer token speaks for; None where it is unknown, expired, or its user is gone or disabled.

    Its last use is noted at most once a minute, so that a busy script does not write at every request.
    """
    query = select(TokenRow, UserRow).join(UserRow, UserRow.name == TokenRow.user)
    with store.session() as session:
        found = session.execute(query.where(TokenRow.hash == _digest(text))).first()
    if found is None:
        return None
    (token, user), now = found, time.time()
    if user.disabled or (token.expires is not None and token.expires <= now):
        return None
    if token.last_used is None or now - token.last_used >= SEEN_EVERY:
        with store.session() as session:
            session.execute(update(TokenRow).where(TokenRow.id == token.id).values(last_used=now))
    return Principal(user.name, user.role, token.scope)


# -- within ------------------------------------------------------------------------------------------------------


def _digest(text: str) -> str:
    """SHA-256 is enough: a token has 256 random bits, so there is nothing to guess and no need of a slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def _hash(password: str) -> str:
    if len(password) not in _PASSWORD_LENGTH:
        raise UserError("A password has 8 to 1024 characters.", field="password")
    return _hasher.hash(password)


def _matches(stored: str, password: str) -> bool:
    try:
        return len(password) in _PASSWORD_LENGTH and _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UserError(f"{role!r} is no role.", field="role", hint=f"Choose one of {', '.join(ROLES)}.")


def _get(store: Store, name: str) -> UserRow | None:
    with store.session() as session:
        return session.get(UserRow, name)


def _find(store: Store, name: str) -> UserRow:
    row = _get(store, name)
    if row is None:
        raise UserError(f"There is no user {name}.", field="name")
    return row


def _change(store: Store, name: str, **values: Any) -> None:
    _find(store, name)
    with store.session() as session:
        session.execute(update(UserRow).where(UserRow.name == name).values(**values))


def _other_admins(store: Store, name: str) -> int:
    query = select(func.count()).where(UserRow.role == "admin", UserRow.disabled.is_(False), UserRow.name != name)
    with store.session() as session:
        return session.scalar(query) or 0


def _keep_an_admin(store: Store, name: str) -> None:
    row = _find(store, name)
    if row.role == "admin" and not row.disabled and _other_admins(store, name) == 0:
        raise UserError(f"{name} is the last admin.", field="role", hint="Make somebody else an admin first.")
