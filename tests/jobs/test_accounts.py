"""Users, passwords and bearer tokens."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from data.errors import UserError
from jobs import accounts
from jobs.permissions import Principal
from jobs.store import Store
from jobs.tables import TokenRow, UserRow

PASSWORD = "correct horse"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """With argon2 at its cheapest, so that the suite is quick; the real cost has a test of its own."""
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    made = Store(tmp_path)
    accounts.create_user(made, "root", PASSWORD, "admin")
    accounts.create_user(made, "ada", PASSWORD)
    yield made
    made.close()


def test_who_signs_in(store: Store) -> None:
    assert accounts.verify(store, "ada", PASSWORD) == Principal("ada", "member", "admin")
    assert accounts.verify(store, "ada", PASSWORD + "!") is None
    assert accounts.verify(store, "ada", "") is None
    assert accounts.verify(store, "nobody", PASSWORD) is None


def test_passwords_are_kept_as_argon2id_and_the_text_nowhere(store: Store) -> None:
    assert all(row.password_hash.startswith("$argon2id$") for row in accounts.users(store))
    store.close()
    assert not [path for path in store.home.rglob("*.sqlite3*") if PASSWORD.encode() in path.read_bytes()]


def test_an_unknown_name_costs_as_much_as_a_wrong_password() -> None:
    """The hash that stands in for the unknown user's has the parameters of a real one."""
    assert not PasswordHasher().check_needs_rehash(accounts._NOBODY)


def test_an_unknown_name_is_checked_against_a_hash(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    matches = accounts._matches
    monkeypatch.setattr(accounts, "_matches", lambda stored, text: checked.append(stored) or matches(stored, text))
    accounts.verify(store, "nobody", PASSWORD)
    assert checked == [accounts._NOBODY]


def test_old_hashes_are_renewed_at_sign_in(store: Store) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    with store.session() as session:
        session.execute(update(UserRow).where(UserRow.name == "ada").values(password_hash=weak))
    assert accounts.verify(store, "ada", PASSWORD)
    assert accounts.users(store)[0].password_hash != weak
    assert accounts.verify(store, "ada", PASSWORD)


@pytest.mark.parametrize("name", ["", " ada", "a b", "../x", "a/b", "-x", "x" * 81, "Zoë", "a\n"])
def test_names_that_cannot_be(store: Store, name: str) -> None:
    with pytest.raises(UserError, match="cannot be a user name") as caught:
        accounts.create_user(store, name, PASSWORD)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("values", "field"),
    [(("ada", PASSWORD), "name"), (("new", "short"), "password"), (("new", PASSWORD, "king"), "role")],
)
def test_users_that_cannot_be_made(store: Store, values: tuple[str, ...], field: str) -> None:
    with pytest.raises(UserError) as caught:
        accounts.create_user(store, *values)
    assert caught.value.field == field
    assert [row.name for row in accounts.users(store)] == ["ada", "root"]


def test_a_new_password_ends_sessions(store: Store) -> None:
    stamp = accounts.stamp_of(store, "ada")
    assert accounts.principal(store, "ada", stamp) == Principal("ada", "member")
    accounts.set_password(store, "ada", "another one")
    assert accounts.principal(store, "ada", stamp) is None
    assert accounts.verify(store, "ada", PASSWORD) is None
    assert accounts.verify(store, "ada", "another one")


def test_the_disabled_and_the_deleted_stay_out(store: Store) -> None:
    text, _ = accounts.create_token(store, "ada", "t")
    accounts.set_disabled(store, "ada", True)
    assert accounts.verify(store, "ada", PASSWORD) is None
    assert accounts.principal(store, "ada") is None
    assert accounts.authenticate_token(store, text) is None
    accounts.set_disabled(store, "ada", False)
    assert accounts.authenticate_token(store, text)
    accounts.delete_user(store, "ada")
    assert accounts.principal(store, "ada") is None
    assert accounts.authenticate_token(store, text) is None


def test_the_last_admin_stays(store: Store) -> None:
    assert accounts.has_admin(store)
    for attempt in (
        lambda: accounts.set_role(store, "root", "member"),
        lambda: accounts.set_disabled(store, "root", True),
        lambda: accounts.delete_user(store, "root"),
    ):
        with pytest.raises(UserError, match="last admin"):
            attempt()
    accounts.set_role(store, "ada", "admin")
    accounts.delete_user(store, "root")
    assert accounts.has_admin(store)


def test_a_new_server_has_no_admin(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not accounts.has_admin(store)
    store.close()


def test_a_token_speaks_for_its_user_within_its_scope(store: Store) -> None:
    text, row = accounts.create_token(store, "ada", "script", "read")
    assert accounts.authenticate_token(store, text) == Principal("ada", "member", "read")
    assert accounts.authenticate_token(store, text + "x") is None
    assert accounts.authenticate_token(store, "") is None
    assert row.hash == hashlib.sha256(text.encode()).hexdigest()
    accounts.set_role(store, "ada", "viewer")
    assert accounts.authenticate_token(store, text) == Principal("ada", "viewer", "read")


def test_a_token_expires(store: Store) -> None:
    text, row = accounts.create_token(store, "ada", "t", expires=time.time() + 100)
    assert accounts.authenticate_token(store, text)
    with store.session() as session:
        session.execute(update(TokenRow).where(TokenRow.id == row.id).values(expires=time.time() - 1))
    assert accounts.authenticate_token(store, text) is None


def test_the_last_use_is_noted_once_a_minute(store: Store) -> None:
    text, row = accounts.create_token(store, "ada", "t")

    def used_at() -> float | None:
        return accounts.tokens(store, "ada")[0].last_used

    assert used_at() is None
    accounts.authenticate_token(store, text)
    first = used_at()
    assert first is not None
    accounts.authenticate_token(store, text)
    assert used_at() == first
    with store.session() as session:
        session.execute(update(TokenRow).where(TokenRow.id == row.id).values(last_used=first - accounts.SEEN_EVERY))
    accounts.authenticate_token(store, text)
    assert used_at() > first - accounts.SEEN_EVERY  # type: ignore[operator]


def test_only_ones_own_tokens_are_revoked(store: Store) -> None:
    text, row = accounts.create_token(store, "ada", "t")
    assert not accounts.delete_token(store, "root", row.id)
    assert accounts.delete_token(store, "ada", row.id)
    assert not accounts.delete_token(store, "ada", row.id)
    assert accounts.authenticate_token(store, text) is None


@pytest.mark.parametrize(
    ("user", "scope", "expires"), [("nobody", "read", None), ("ada", "all", None), ("ada", "read", 1.0)]
)
def test_tokens_that_cannot_be(store: Store, user: str, scope: str, expires: float | None) -> None:
    with pytest.raises(UserError):
        accounts.create_token(store, user, "t", scope, expires)
