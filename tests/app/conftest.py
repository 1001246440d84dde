"""A lab of four people on a server that asks for sign-in, and a server for one person; real stores in tmp_path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.services.context import Context
from jobs import accounts
from jobs.job import Job, new_id
from jobs.permissions import Principal
from jobs.store import Store
from jobs.tables import JobRow

PASSWORD = "correct horse"
PEOPLE = {"ada": "admin", "olga": "member", "sam": "member", "vic": "viewer"}
"""Ada administers, Olga owns what is made here, Sam is a stranger to it, Vic may only look."""


@dataclass
class Lab:
    """An application with its people; ``tokens`` are bearer tokens by name."""

    app: Flask
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def ctx(self) -> Context:
        """The application's Context."""
        return self.app.extensions["foveal"]

    @property
    def store(self) -> Store:
        """Its store."""
        return self.ctx.store

    def who(self, name: str) -> Principal:
        """One of the people."""
        return Principal(name, PEOPLE.get(name, "admin"))

    def client(self, name: str | None = None) -> FlaskClient:
        """A client that speaks for a person by token, or for nobody."""
        client = self.app.test_client()
        if name is not None and self.tokens:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[name]}"
        return client

    def job(self, type: str = "dataset", owner: str | None = "olga", visibility: str = "lab", **values: Any) -> JobRow:
        """A job that was asked for and not yet started."""
        options = {"folder": "/nowhere", "width": 28, "height": 28, "channels": 1}
        job = Job(
            id=new_id(),
            type=type,
            task="build_dataset" if type == "dataset" else "train_model",
            name=values.pop("name", f"{type} of {owner}"),
            options=values.pop("options", options if type == "dataset" else {"network": "lenet", "dataset": ""}),
            owner=owner,
            created=values.pop("created", 1_700_000_000.0),
            **values,
        )
        return self.store.create(job, visibility)


@pytest.fixture(scope="session")
def lab_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the four people; copied for each test, since hashing passwords takes its time on purpose."""
    home = tmp_path_factory.mktemp("lab")
    store = Store(home)
    for name, role in PEOPLE.items():
        accounts.create_user(store, name, PASSWORD, role)
    store.engine.dispose()
    return home


def make_lab(home: Path, template: Path, **settings: Any) -> Lab:
    """A server that others can reach, on a copy of the template."""
    _copy(template / "foveal.sqlite3", home / "foveal.sqlite3")
    lab = Lab(create_app(Settings(home=home, host="0.0.0.0", **settings)))
    lab.tokens = {name: accounts.create_token(lab.store, name, "test", "admin")[0] for name in PEOPLE}
    return lab


@pytest.fixture
def lab(tmp_path: Path, lab_template: Path) -> Iterator[Lab]:
    """The lab's server."""
    lab = make_lab(tmp_path, lab_template)
    yield lab
    lab.store.engine.dispose()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Lab]:
    """A server of one person on one machine: nobody signs in."""
    lab = Lab(create_app(Settings(home=tmp_path / "home", data_roots=(tmp_path / "images",))))
    (tmp_path / "images").mkdir()
    yield lab
    lab.store.engine.dispose()


def _copy(source: Path, target: Path) -> None:
    """Copy a SQLite database whole, whatever is still in its write-ahead log."""
    import sqlite3

    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()
