"""``survey responses import`` as staff run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from survey.cli.responses import responses
from survey.core.errors import InvalidInput
from survey.core.services import Services
from survey.operations import migrate
from tests.answering.conftest import World, build
from tests.answering.test_importing import GOOD, MAP


@pytest.fixture
def imported(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command on a file's text against an open import wave."""
    monkeypatch.setenv("SURVEY_DATA_DIR", str(services.settings.data_dir))
    monkeypatch.setattr(migrate, "require_current", lambda _: None)  # tables without Alembic
    world = build(services.db, source="import", secret=services.secret)
    (tmp_path / "map.yaml").write_text(MAP, "utf-8")

    def run(text: str, *options: str) -> Any:
        (tmp_path / "svar.csv").write_text(text, "utf-8")
        arguments = ["import", str(tmp_path / "svar.csv"), "--map", str(tmp_path / "map.yaml")]
        arguments += ["--organisation", "0301", "--study", "barometer", "--wave", "1", *options]
        return CliRunner().invoke(responses, arguments)

    run.world = world  # type: ignore[attr-defined]
    return run


def test_a_good_file_is_stored_and_what_was_not_read_is_named(imported: Any) -> None:
    result = imported(GOOD)
    assert result.exit_code == 0, result.output
    assert result.output == (
        "Columns that were not read: annet\n"
        "Stored 3 responses. They count when the wave is closed.\n"
    )


def test_faults_stop_it_or_are_left_out(imported: Any) -> None:
    bad = GOOD + "Vest;1;1;1;;;;;;;;;\n"
    stopped = imported(bad)
    assert stopped.exit_code == 1
    assert isinstance(stopped.exception, InvalidInput)
    assert "1 of 4 rows have faults; nothing was stored." in str(stopped.exception)
    assert "row 5, column Sted: the wave has no unit 'Vest'." in str(stopped.exception)
    result = imported(bad, "--skip-invalid")
    assert result.exit_code == 0
    assert "Left out 1 rows:\n  row 5, column Sted: the wave has no unit 'Vest'." in result.output
    assert "Stored 3 responses." in result.output


def test_the_import_is_in_the_audit_log(imported: Any) -> None:
    import sqlalchemy as sa

    from survey.audit.models import Event

    imported(GOOD)
    world: World = imported.world
    with world.db.reading() as session:
        event = session.scalars(sa.select(Event)).one()
    assert event.action == "responses.imported"
    assert event.details == {"stored": 3, "skipped": 0, "replaced": False}
