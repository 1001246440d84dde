"""Opening the database: migrations and tables agree, nothing is lost, several processes may open it at once."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from data.errors import UserError
from jobs import database
from jobs.tables import Base

ROOT = Path(__file__).parents[2]
HEAD = database.head()
NEXT = f"{int(HEAD) + 1:04d}"
LATER = f'''"""A later migration."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{NEXT}", "{HEAD}"
def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("email", sa.String(80)))
        batch.alter_column("role", type_=sa.String(20))
'''


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Where a later version's migration would lie, beside a copy of ours; ``use`` writes it."""
    folder = tmp_path / "migrations"
    shutil.copytree(database.MIGRATIONS, folder)
    return folder / "versions" / f"{NEXT}_email.py"


def differences(engine: Engine) -> list[Any]:
    """What autogenerate would put into a new migration."""
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)


def fill(home: Path) -> None:
    """A user with a token in a database of this version, which is closed again."""
    engine = database.open_database(home)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO users VALUES ('ada', 'admin', 'x', 1.0, 0)"))
        connection.execute(
            text("INSERT INTO tokens (user, title, hash, scope, created) VALUES ('ada', 't', 'h', 'read', 1.0)")
        )
    engine.dispose()


def test_the_migrations_one_after_another_make_the_tables_of_the_code(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    database.upgrade(engine)
    assert differences(engine) == []
    assert database.revision(engine) == database.head()


def test_a_new_database_is_the_same_without_them(tmp_path: Path) -> None:
    engine = database.open_database(tmp_path)
    assert differences(engine) == []
    assert database.revision(engine) == database.head()
    assert not list(tmp_path.glob("*.revision-*"))


def use(later: Path, monkeypatch: pytest.MonkeyPatch, source: str = LATER) -> None:
    """Become the later version."""
    later.write_text(source)
    monkeypatch.setattr(database, "MIGRATIONS", later.parents[1])


@pytest.mark.parametrize("numbered", [True, False])
def test_an_upgrade_keeps_rows_and_a_copy_from_before(
    tmp_path: Path, later: Path, monkeypatch: pytest.MonkeyPatch, numbered: bool
) -> None:
    fill(tmp_path)
    if not numbered:  # as the first versions made them
        with closing(sqlite3.connect(tmp_path / "foveal.sqlite3")) as raw:
            raw.execute("DROP TABLE alembic_version")
            for later_column in ("resume_requested", "tags"):
                raw.execute(f"ALTER TABLE jobs DROP COLUMN {later_column}")
            for later_table in ("alerts", "alert_wishes", "alert_channels"):
                raw.execute(f"DROP TABLE {later_table}")
    use(later, monkeypatch)
    engine = database.open_database(tmp_path)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, email FROM users")).all() == [("ada", None)]
        assert connection.execute(text("SELECT user FROM tokens")).scalars().all() == ["ada"]
    with closing(sqlite3.connect(tmp_path / f"foveal.sqlite3.revision-{HEAD if numbered else '0001'}")) as copy:
        assert copy.execute("SELECT name FROM users").fetchall() == [("ada",)]
        assert "email" not in {row[1] for row in copy.execute("PRAGMA table_info(users)")}


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path, later: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)
    use(later, monkeypatch, LATER + "    op.execute('INSERT INTO nowhere VALUES (1)')\n")
    with pytest.raises(UserError, match=rf"{HEAD} to {NEXT}.*nowhere[\s\S]*left as it was.*revision-{HEAD}"):
        database.open_database(tmp_path)
    with closing(sqlite3.connect(tmp_path / "foveal.sqlite3")) as raw:
        assert "email" not in {row[1] for row in raw.execute("PRAGMA table_info(users)")}
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / "foveal.sqlite3")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    with pytest.raises(UserError, match="newer Foveal"):
        database.open_database(tmp_path)


@pytest.mark.process
def test_processes_may_open_a_new_database_at_once_and_quickly_later(tmp_path: Path) -> None:
    code = f"""
import sys; from pathlib import Path; from jobs.database import open_database, revision
print(revision(open_database(Path({str(tmp_path)!r}))), "alembic" in sys.modules)
"""
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = {process.communicate(timeout=60)[0] for process in started}
    assert said == {f"{database.head()} False\n"}
