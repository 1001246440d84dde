"""The same store on PostgreSQL: FOVEAL_TEST_POSTGRES (a URL), or a cluster of our own where Debian's is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from jobs import accounts, database
from jobs.events import JobState
from jobs.job import Job, Status, new_id
from jobs.permissions import Principal
from jobs.store import SORTS, Listing, Store, sort_value
from jobs.tables import Base

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
ADMIN = Principal("root", "admin")
PORT = "5439"  # names the socket only: the cluster listens on no network


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server with an empty database."""
    if url := os.environ.get("FOVEAL_TEST_POSTGRES"):
        yield url
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: set FOVEAL_TEST_POSTGRES or install Debian's postgresql")
    user = _account()
    folder = Path(tempfile.mkdtemp(prefix="foveal-pg-"))
    if user:
        shutil.chown(folder, user)
    options: dict[str, Any] = {"user": user, "cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    data = str(folder / "data")
    subprocess.run([binaries / "initdb", "-D", data, "-U", "foveal", "-A", "trust", "--no-sync"], **options)
    settings = f"-c listen_addresses='' -k {folder} -p {PORT} -c fsync=off"
    subprocess.run([binaries / "pg_ctl", "-D", data, "-w", "-l", "log", "-o", settings, "start"], **options)
    yield f"postgresql+psycopg://foveal@/postgres?host={folder}&port={PORT}"
    subprocess.run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **options)
    shutil.rmtree(folder)


def _account() -> str | None:
    """PostgreSQL refuses to run as root: Debian's package brings an account for it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no account postgres")


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """An empty database."""
    _clear(server)
    yield server
    _clear(server)


def _clear(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    engine.dispose()


def job(name: str, **more: object) -> Job:
    return replace(Job(new_id(), "model", "count", name, {}, created=1.0), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["created", "migrated"])
def test_models_and_migrations_agree(tmp_path: Path, url: str, way: str) -> None:
    if way == "created":
        engine = database.open_database(tmp_path, url)
    else:
        engine = create_engine(url)
        database.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert database.revision(engine) == database.head()
    engine.dispose()


def test_processes_may_open_a_new_database_at_once(tmp_path: Path, url: str) -> None:
    """Each with a home of its own, as on several hosts: no lock file is common to them."""
    code = "import sys, pathlib, jobs.store as s; print(s.Store(pathlib.Path(sys.argv[1]), sys.argv[2]).live())"
    commands = [[sys.executable, "-c", code, str(tmp_path / str(number)), url] for number in range(3)]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for command in commands]
    assert [process.communicate(timeout=60)[0] for process in started] == ["[]\n"] * 3


def test_jobs_and_listings(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path, url)
    parent = store.create(job("d", type="dataset"))
    for number in range(5):
        row = store.create(job(f"n{number % 2}", owner=[None, "ada"][number % 2], parents=(parent.id,)))
    state = JobState(status=Status.DONE, history=(("Running", 5.0), ("Done", 9.0)))
    store.record(row.id, state, {"bytes": 7, "sparkline": [1.0, None]}, gpus=[0])
    assert store.get(row.id, ADMIN).summary == {"bytes": 7, "sparkline": [1.0, None]}  # type: ignore[union-attr]
    assert len(store.live()) == len(store.children(parent.id)) == 5
    assert store.count(Listing(text="N1"), ADMIN) == 2
    for sort in (*SORTS, *(f"-{sort}" for sort in SORTS)):
        seen, after = [], None
        while page := store.list(Listing(sort=sort, limit=2, after=after), ADMIN):
            seen += [row.id for row in page]
            after = (sort_value(page[-1], sort), page[-1].id)
        assert len(seen) == len(set(seen)) == 6, sort
    store.remove(row.id)
    assert store.get(row.id, anyone=True) is None
    store.close()


def test_accounts(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path, url)
    accounts.create_user(store, "ada", "correct horse", "admin")
    text, _ = accounts.create_token(store, "ada", "t", "read")
    assert accounts.verify(store, "ada", "correct horse") == Principal("ada", "admin")
    assert accounts.authenticate_token(store, text) == Principal("ada", "admin", "read")
    store.close()
