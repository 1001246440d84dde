"""Jobs that are to go on from where they stopped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A third request beside abort and delete."""
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("resume_requested", sa.Boolean(), server_default=sa.false(), nullable=False))
