"""Tags beside the one group of a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Jobs made so far have none."""
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("tags", sa.String(1100), server_default="", nullable=False))
