"""Opening the database: SQLite in WAL mode by default, PostgreSQL by URL; migrated on open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from jobs.tables import Base


def open_database(home: Path, url: str | None = None) -> Engine:
    """An engine on ``url``, or on ``home/foveal.sqlite3``; the schema is brought up to date first."""
    engine = create_engine(url or f"sqlite:///{home / 'foveal.sqlite3'}")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas)
    Base.metadata.create_all(engine)  # TODO(jobs helper): Alembic upgrade with a backup copy
    return engine


def _pragmas(connection: Any, _record: Any) -> None:
    """WAL lets the web read while the scheduler writes; NORMAL is safe with WAL against a process crash."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
