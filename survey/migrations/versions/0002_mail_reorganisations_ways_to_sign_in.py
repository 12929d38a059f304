"""mail, reorganisations, ways to sign in"""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite adds no column without a default, not even to an empty table.
    new_table: Literal["always", "auto"] = (
        "always" if op.get_context().dialect.name == "sqlite" else "auto"
    )
    # Sessions and links get columns that say how they came about, which nobody knows of old ones:
    # whoever is signed in signs in anew.
    op.execute("DELETE FROM staff_session")
    op.execute("DELETE FROM signin_link")
    op.create_table(
        "outbox_pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outbox_pace")),
    )
    op.create_table(
        "unit_change",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_codes", sa.JSON(), nullable=False),
        sa.Column("to_codes", sa.JSON(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("continues", sa.JSON(), nullable=False),
        sa.Column("same_staff", sa.BigInteger(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_unit_change_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_unit_change")),
        sa.UniqueConstraint(
            "organisation_id", "sequence", name=op.f("uq_unit_change_organisation_id_sequence")
        ),
    )
    op.create_table(
        "identity",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_identity_organisation_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "issuer", "subject", name=op.f("pk_identity")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_recovery_code_organisation_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "second_factor",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_second_factor_organisation_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "person_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "reminder_mailing",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_reminder_mailing_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "wave_id", "number", name=op.f("pk_reminder_mailing")
        ),
    )
    op.create_table(
        "wave_unit_change",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since_wave_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "change_id"],
            ["unit_change.organisation_id", "unit_change.id"],
            name=op.f("fk_wave_unit_change_organisation_id_change_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_wave_unit_change_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "wave_id", "change_id", name=op.f("pk_wave_unit_change")
        ),
    )
    op.create_table(
        "contact",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invitation_id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "invitation_id"],
            ["invitation.organisation_id", "invitation.id"],
            name=op.f("fk_contact_organisation_id_invitation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "invitation_id", name=op.f("pk_contact")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_token", ["token"], unique=True)
        batch_op.create_index("ix_contact_wave", ["organisation_id", "wave_id"], unique=False)

    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audit_event_actor", ["organisation_id", "actor", "sequence"], unique=False
        )
        batch_op.create_index(
            "ix_audit_event_subject", ["organisation_id", "subject", "sequence"], unique=False
        )

    with op.batch_alter_table("outbox", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("state", sa.Text(), server_default="queued", nullable=False))
        batch_op.add_column(sa.Column("made_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("holder", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("running_until", sa.DateTime(), nullable=True))
        batch_op.create_index("ix_outbox_state_due_at", ["state", "due_at"], unique=False)
        batch_op.create_index("ix_outbox_state_kind", ["state", "kind", "due_at"], unique=False)

    with op.batch_alter_table("person", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("invited_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("signed_in_at", sa.DateTime(), nullable=True))

    with op.batch_alter_table("signin_link", recreate=new_table) as batch_op:
        batch_op.add_column(sa.Column("purpose", sa.Text(), nullable=False))

    with op.batch_alter_table("staff_session", recreate=new_table) as batch_op:
        batch_op.add_column(sa.Column("last_used_at", sa.DateTime(), nullable=False))
        batch_op.add_column(sa.Column("device", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("method", sa.Text(), nullable=False))
        batch_op.add_column(sa.Column("provider", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("strong", sa.Boolean(), nullable=False))

    # "never": a table that others point to cannot be made anew while SQLite minds foreign keys.
    with op.batch_alter_table("wave", recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("release_after_close", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(sa.Column("closed_here_at", sa.DateTime(), nullable=True))

    with op.batch_alter_table("wave_unit", recreate="never") as batch_op:
        batch_op.add_column(
            sa.Column("replaced", sa.BigInteger(), server_default="0", nullable=False)
        )
