"""What Alembic runs for every command: migrations on the connection that jobs.database hands over."""

from __future__ import annotations

from alembic import context

from jobs.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
