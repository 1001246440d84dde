"""Opening the database: SQLite in WAL mode by default, PostgreSQL by URL; migrated on open.

A new migration: ``python -m jobs.database HOME "what changes"`` writes jobs/migrations/versions/NNNN_....py from the
difference between jobs/tables.py and the database of HOME; read and mend it before committing.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, pool, text

from data.errors import UserError
from jobs.tables import Base

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger("foveal.database")

MIGRATIONS = Path(__file__).parent / "migrations"
FIRST = "0001"
"""The revision of databases that were made before revisions were counted."""
_ADVISORY = 0x466F7665616C  # "Foveal": the number of our advisory lock in PostgreSQL
_VERSION_TABLE = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)"""


def open_database(home: Path, url: str | None = None) -> Engine:
    """An engine on ``url``, or on ``home/foveal.sqlite3``; the schema is brought up to date first.

    An SQLite file is copied aside before anything in it is changed. Raises UserError for a database of a newer Foveal
    or one that cannot be upgraded (it is left as it was), SQLAlchemyError or OSError where it cannot be opened.
    """
    engine = create_engine(url or f"sqlite:///{home / 'foveal.sqlite3'}")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas)
    try:
        if revision(engine) != head():
            with _lock(home):
                _bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def head() -> str:
    """The revision that this code is written for: the first four characters of the last migration's file name."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision(engine: Engine) -> str:
    """The revision of the schema, "" for a new database. Alembic, slow to import, is not needed to tell."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str:
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    return FIRST if "jobs" in tables else ""


def _bring_up_to_date(engine: Engine) -> None:
    """Create or upgrade, whichever is still to do once the lock is ours."""
    found, wanted = revision(engine), head()
    if found == wanted:
        return
    if found > wanted:
        raise UserError(
            f"The database {engine.url} was made by a newer Foveal (revision {found}, this one knows {wanted}).",
            hint="Install the newer version again, or start with another --home.",
        )
    if not found:
        _create(engine, wanted)
        return
    backup = _back_up(engine, found)
    try:
        upgrade(engine)
    except Exception as error:
        log.exception("the database cannot be upgraded")
        raise UserError(
            f"The database {engine.url} could not be brought from revision {found} to {wanted}: {error}",
            hint=f"It was left as it was{f'; a copy is at {backup}' if backup else ''}.",
        ) from error


def _create(engine: Engine, wanted: str) -> None:
    """All tables at once. That this equals the migrations one after another is tested."""
    with _transaction(engine) as connection:
        if not _revision(connection):
            Base.metadata.create_all(connection)
            connection.execute(text(_VERSION_TABLE))
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": wanted})


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing, all in one transaction."""
    from alembic import command

    with _transaction(engine) as connection:
        config = _alembic_config(connection)
        if _revision(connection) == FIRST and "alembic_version" not in inspect(connection).get_table_names():
            command.stamp(config, FIRST)
        command.upgrade(config, "head")


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction in which tables may be changed, one process at a time.

    Foreign keys are not enforced in it: SQLite changes a table by dropping the old one, which would cascade. And
    Python's sqlite3 leaves CREATE and ALTER out of transactions unless it is told BEGIN.
    """
    own = create_engine(engine.url, poolclass=pool.NullPool)
    if own.dialect.name == "sqlite":
        event.listen(own, "connect", lambda raw, _record: setattr(raw, "isolation_level", None))
        event.listen(own, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with own.begin() as connection:
        if own.dialect.name == "postgresql":  # other hosts may share the database, but not the lock file
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY})
        yield connection


def _alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for a connection; there is no alembic.ini."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _back_up(engine: Engine, found: str) -> Path | None:
    """A whole copy of an SQLite file, write-ahead log included, beside it; None for other databases."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    source = Path(engine.url.database)
    target = source.with_name(f"{source.name}.revision-{found}")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    log.info("the database was copied to %s before it is upgraded", target)
    return target


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    """One process at a time: web and scheduler open the database together."""
    path = home / "run" / "database.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _pragmas(connection: Any, _record: Any) -> None:
    """WAL lets the web read while the scheduler writes; NORMAL is safe with WAL against a process crash."""
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _new_migration(home: Path, message: str) -> None:
    """Write the next migration file from the difference between tables and database."""
    from alembic import command

    with _transaction(open_database(home)) as connection:
        command.revision(_alembic_config(connection), message, autogenerate=True, rev_id=f"{int(head()) + 1:04d}")


if __name__ == "__main__":
    _new_migration(Path(sys.argv[1]), sys.argv[2])
