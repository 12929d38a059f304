"""which figures are public"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # "never": a table that others point to cannot be made anew while SQLite minds foreign keys.
    with op.batch_alter_table("study", recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("public_level", sa.BigInteger(), server_default="1", nullable=False)
        )
    # Nobody who answered these was told that figures of areas would be public.
    op.execute("UPDATE study SET public_level = 0 WHERE frozen_at IS NOT NULL")
