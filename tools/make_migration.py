"""Write the next migration from what the models say now: ``make migration message="…"``.

``--first`` writes one 0001 with everything (only until the first version is published).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.sql.elements import False_, True_

from survey.core.config import Settings
from survey.core.db import UtcDateTime
from survey.core.services import build
from survey.operations import migrate

VERSIONS = Path(__file__).parent.parent / "survey" / "migrations" / "versions"


def plain_types(kind: str, thing: Any, context: AutogenContext) -> str | bool:
    """A migration stands alone: it names no type of the package."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime()"
    if kind == "type" and thing.dialect_impl is not None and getattr(thing, "_variant_mapping", {}):
        return "sa.Text().with_variant(postgresql.TEXT(collation='C'), 'postgresql')"
    if kind == "server_default" and isinstance(getattr(thing, "arg", None), False_ | True_):
        return "sa.false()" if isinstance(thing.arg, False_) else "sa.true()"
    return False


def main() -> None:
    """Upgrade an empty database as far as the migrations go, and write what is missing."""
    message = " ".join(sys.argv[1:]).replace("--first", "").strip() or "first tables"
    if "--first" in sys.argv:
        for path in VERSIONS.glob("[0-9]*.py"):
            path.unlink()
    number = f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings(data_dir=Path(folder), secret_key="x" * 40))
        if number != "0001":
            migrate.upgrade(parts)
        with parts.db.transaction() as session:
            config = migrate.alembic_config()
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            config.attributes["connection"] = session.connection()
            config.attributes["render_item"] = plain_types
            command.revision(config, message=message, autogenerate=True, rev_id=number)
        parts.db.dispose()


if __name__ == "__main__":
    main()
