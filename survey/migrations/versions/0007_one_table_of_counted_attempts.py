"""one table of counted attempts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt_count",
        sa.Column("bucket", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_attempt_count")),
        sqlite_with_rowid=False,
    )
    # Counts of at most a day: nobody needs them, so they are not brought over.
    op.drop_table("failed_code")
    op.drop_table("signin_failure")
