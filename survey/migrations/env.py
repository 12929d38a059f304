"""Alembic's way in. Connection, lock and transaction come from survey.operations.migrate."""

from __future__ import annotations

from alembic import context

from survey.operations import migrate

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=migrate.metadata(),
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
    render_item=context.config.attributes.get("render_item"),
)
context.run_migrations()
