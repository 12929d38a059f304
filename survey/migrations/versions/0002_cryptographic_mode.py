"""cryptographic mode"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("mode", sa.Text(), server_default="ordinary", nullable=False))
    op.add_column("wave", sa.Column("keys_digest", sa.Text(), nullable=True))
    op.add_column(
        "invitation", sa.Column("issued", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "wave_unit_key",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("modulus", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id", "unit_id"],
            ["wave_unit.organisation_id", "wave_unit.wave_id", "wave_unit.unit_id"],
            name=op.f("fk_wave_unit_key_organisation_id_wave_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "wave_id", "unit_id", name=op.f("pk_wave_unit_key")
        ),
    )
    op.create_index("ix_wave_unit_key_key_id", "wave_unit_key", ["key_id"], unique=True)
    op.create_table(
        "redeemed_credential",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "wave_id", "hash", name=op.f("pk_redeemed_credential")
        ),
        sqlite_with_rowid=False,
    )
