"""What the first migration makes for waves that are under way.

It is a part of 0001 and, like it, never changes: what was applied was applied.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def of_waves() -> None:
    """Make the tables, in an order in which none refers to a later one."""
    _followup_action()
    _followup_choice()
    _followup_reminder()
    _followup_round()
    _moderated_text()
    _release()
    _wave_unit()
    _hidden_value()
    _invitation()
    _release_table()
    _release_unit()
    _wave_unit_key()


def _followup_action() -> None:
    op.create_table(
        "followup_action",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "unit_id"],
            ["unit.organisation_id", "unit.id"],
            name=op.f("fk_followup_action_organisation_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_followup_action_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_followup_action")),
    )
    with op.batch_alter_table("followup_action", schema=None) as batch_op:
        batch_op.create_index(
            "ix_followup_action_unit", ["organisation_id", "study_id", "unit_id"], unique=False
        )


def _followup_choice() -> None:
    op.create_table(
        "followup_choice",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("keep", sa.Text(), nullable=True),
        sa.Column("improve", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "unit_id"],
            ["unit.organisation_id", "unit.id"],
            name=op.f("fk_followup_choice_organisation_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_followup_choice_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "wave_id", "unit_id", name=op.f("pk_followup_choice")
        ),
    )


def _followup_reminder() -> None:
    op.create_table(
        "followup_reminder",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "unit_id"],
            ["unit.organisation_id", "unit.id"],
            name=op.f("fk_followup_reminder_organisation_id_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_followup_reminder_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "wave_id", "unit_id", name=op.f("pk_followup_reminder")
        ),
    )


def _followup_round() -> None:
    op.create_table(
        "followup_round",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_followup_round_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "wave_id", name=op.f("pk_followup_round")),
    )


def _moderated_text() -> None:
    op.create_table(
        "moderated_text",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_moderated_text_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_moderated_text")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("moderated_text", schema=None) as batch_op:
        batch_op.create_index(
            "ix_moderated_text_wave", ["organisation_id", "wave_id", "code"], unique=False
        )


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study_id", sa.BigInteger(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("schema", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_release_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_release")),
        sa.UniqueConstraint(
            "organisation_id",
            "wave_id",
            "number",
            name=op.f("uq_release_organisation_id_wave_id_number"),
        ),
    )


def _wave_unit() -> None:
    op.create_table(
        "wave_unit",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wave_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("headcount", sa.BigInteger(), nullable=True),
        sa.Column("invited", sa.BigInteger(), nullable=False),
        sa.Column("reporting_unit_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id"],
            ["wave.organisation_id", "wave.id"],
            name=op.f("fk_wave_unit_organisation_id_wave_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "wave_id", "unit_id", name=op.f("pk_wave_unit")),
        sa.UniqueConstraint(
            "organisation_id",
            "wave_id",
            "code",
            name=op.f("uq_wave_unit_organisation_id_wave_id_code"),
        ),
    )


def _hidden_value() -> None:
    op.create_table(
        "hidden_value",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"],
            ["release.organisation_id", "release.id"],
            name=op.f("fk_hidden_value_organisation_id_release_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "release_id", "position", name=op.f("pk_hidden_value")
        ),
    )


def _invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("short_hash", sa.LargeBinary(), nullable=False),
        sa.Column("exported", sa.Boolean(), nullable=False),
        sa.Column("spent", sa.Boolean(), nullable=False),
        sa.Column("issued", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("submission_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "wave_id", "unit_id"],
            ["wave_unit.organisation_id", "wave_unit.wave_id", "wave_unit.unit_id"],
            name=op.f("fk_invitation_organisation_id_wave_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_invitation")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index("ix_invitation_code_hash", ["code_hash"], unique=True)
        batch_op.create_index("ix_invitation_short_hash", ["short_hash"], unique=True)
        batch_op.create_index(
            "ix_invitation_wave", ["organisation_id", "wave_id", "unit_id"], unique=False
        )


def _release_table() -> None:
    op.create_table(
        "release_table",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("table", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"],
            ["release.organisation_id", "release.id"],
            name=op.f("fk_release_table_organisation_id_release_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "release_id", name=op.f("pk_release_table")),
    )


def _release_unit() -> None:
    op.create_table(
        "release_unit",
        sa.Column("organisation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("release_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "release_id"],
            ["release.organisation_id", "release.id"],
            name=op.f("fk_release_unit_organisation_id_release_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "release_id", "code", name=op.f("pk_release_unit")
        ),
        sqlite_with_rowid=False,
    )


def _wave_unit_key() -> None:
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
    with op.batch_alter_table("wave_unit_key", schema=None) as batch_op:
        batch_op.create_index("ix_wave_unit_key_key_id", ["key_id"], unique=True)
