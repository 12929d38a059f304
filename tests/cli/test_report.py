"""The commands that show releases and make reports, on a real release."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from survey.cli.main import cli
from survey.core import config
from survey.core import services as parts_of_service
from survey.core.errors import InvalidInput, NotFound
from survey.release.close import close_and_release
from survey.release.models import ReleaseTable
from tests.release.journey import FULL, Journey, start

Run = Callable[..., Result]
STUDY = ("--study", "kultur")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SURVEY_DATA_DIR", str(tmp_path / "var"))

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words, catch_exceptions=False)

    run("db", "upgrade")
    return run


@pytest.fixture
def journey(run: Run) -> Journey:
    parts = parts_of_service.build(config.load())
    journey = start(parts.db, parts.keys, parts.secret, instrument=FULL)
    journey.answer({"n1": 22, "n2": 9, "n3": 4, "s1": 28, "s2": 12}, leaders=2)
    close_and_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    return journey


def test_releases_are_listed_shown_looked_at_and_audited(run: Run, journey: Journey) -> None:
    assert "8 units (1 index, 1 none, 6 shares)" in run("release", "list", "kultur").output
    shown = json.loads(run("release", "show", "kultur", "--unit", "s1").output)
    assert shown["participation"]["answered"] == 28
    looked = run("release", "look", "kultur", "--wave", "1").output.splitlines()
    assert looked[0] == "k\t75 answers: indices and shares"
    assert looked[1] == "\tothers in Kommunen: 6 answers, indices only"
    assert "n3\tcounted in others in Kommunen (6 answers)" in looked
    assert "n2\t9 answers: indices only" in looked
    audited = run("release", "audit", "kultur")
    assert audited.exit_code == 0
    assert "Kommunen, 75: 4 enheter og 6 andre." in audited.output
    [report] = json.loads(run("release", "audit", "kultur", "--json").output)
    assert (report["schema"], report["findings"]) == (2, [])


def test_a_release_that_is_no_sum_of_its_blocks_is_told_and_gives_exit_code_1(
    run: Run, journey: Journey
) -> None:
    with journey.db.transaction() as session:
        stored = session.query(ReleaseTable).one()
        table = json.loads(stored.table)
        index = next(iter(table["indices"].values()))
        index["values"]["s1"]["value"] -= 20
        stored.table = json.dumps(table)
    audited = run("release", "audit", "kultur")
    assert audited.exit_code == 1
    assert "FINDING s1" in audited.output


def test_one_report_is_written_in_the_language_asked_for(run: Run, journey: Journey) -> None:
    output = Path(config.load().data_dir) / "s1.pdf"
    told = run("report", "unit", *STUDY, "--unit", "s1", "--language", "nn", "-o", str(output))
    assert str(output) in told.output
    assert output.read_bytes().startswith(b"%PDF")
    with pytest.raises(InvalidInput, match="no language"):
        run("report", "unit", *STUDY, "--unit", "s1", "--language", "fr", "-o", str(output))
    with pytest.raises(NotFound):
        run("report", "unit", *STUDY, "--unit", "nowhere", "-o", str(output))


def test_all_reports_are_written_and_kept_when_started_again(run: Run, journey: Journey) -> None:
    folder = Path(config.load().data_dir) / "reports-of-all"
    words = ("report", "units", *STUDY, "-o", str(folder), "--processes", "2")
    assert "8 reports" in run(*words).output
    made = {path: path.stat().st_mtime_ns for path in folder.glob("*.pdf")}
    assert len(made) == 8
    assert "8 reports" in run(*words).output
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.pdf")} == made


def test_instruments_are_checked_and_every_fault_is_printed(run: Run, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "instruments"
    assert run("instrument", "check", str(shipped)).output == "No faults.\n"
    (tmp_path / "draft.yaml").write_text("id: draft\nversion: 0\n")
    with pytest.raises(InvalidInput) as caught:
        run("instrument", "check", str(tmp_path / "draft.yaml"))
    assert len(caught.value.faults) >= 2


def test_a_database_that_was_never_made_is_told_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVEY_DATA_DIR", str(tmp_path / "empty"))
    result = CliRunner().invoke(cli, ["release", "list", "kultur"])
    assert "survey db upgrade" in str(result.exception)
