"""no relevance limit"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # "never": a table that others point to cannot be made anew while SQLite minds foreign keys.
    with op.batch_alter_table("study", recreate="never") as batch_op:
        batch_op.drop_column("relevance")
