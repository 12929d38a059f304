"""``survey person``, ``signin-link``, ``api-key`` and ``audit`` on a real database."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from survey.access import people, second_factor
from survey.audit.models import Event
from survey.cli.main import cli
from survey.core import config
from survey.core.errors import SurveyError
from survey.core.services import build
from tests.secrets_for_tests import SECRET_KEY


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service's folder with an organisation, made by the commands themselves."""
    monkeypatch.setenv("SURVEY_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("SURVEY_SECRET_KEY", SECRET_KEY)
    run("db", "upgrade")
    parts = build(config.load())
    from survey.organisation.units import create_organisation

    with parts.db.transaction() as session:
        create_organisation(session, "3999", "Prøvevik")
    parts.db.dispose()
    return tmp_path


def run(*arguments: str, asked: str = "", fails: bool = False) -> Result:
    result = CliRunner().invoke(cli, list(arguments), input=asked)
    if fails:
        assert result.exit_code != 0, result.output
    elif result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    else:
        assert result.exit_code == 0, result.output
    return result


def test_a_person_is_added_given_a_role_and_a_link(home: Path) -> None:
    run("person", "create", "anna@kommune.no", "--name", "Anna", "--role", "staff")
    run("person", "grant", "anna@kommune.no", "auditor")
    listed = run("person", "list").output
    assert "anna@kommune.no\tAnna\tauditor, staff" in listed
    run("person", "grant", "anna@kommune.no", "auditor", "--withdraw")
    assert "auditor" not in run("person", "list").output
    link = run("signin-link", "anna@kommune.no").output.strip()
    assert link.startswith("http://127.0.0.1:8000/inn/")
    last = run("person", "active", "anna@kommune.no", "no", fails=True)
    assert isinstance(last.exception, SurveyError)
    run("person", "create", "b@kommune.no", "--name", "B", "--role", "staff")
    run("person", "active", "anna@kommune.no", "no")
    assert "kept out" in run("person", "list").output


def test_a_lost_app_is_taken_away(home: Path) -> None:
    run("person", "create", "anna@kommune.no", "--name", "Anna")
    assert "There was no app" in run("person", "reset-factor", "anna@kommune.no").output
    parts = build(config.load())
    with parts.db.transaction() as session:
        (anna,) = people.with_email(session, "anna@kommune.no")
        app = pyotp.TOTP(second_factor.begin(session, parts.secret, anna))
        assert second_factor.confirm(session, parts.secret, anna, app.now(), actor="cli")
    parts.db.dispose()
    assert run("person", "reset-factor", "anna@kommune.no").output == "done\n"
    assert "second_factor.removed" in run("audit", "list").output


def test_a_password_is_asked_for_twice_and_never_shown(home: Path) -> None:
    asked = "riktig hest batteri\n" * 2
    made = run("person", "create", "a@kommune.no", "--name", "A", "--password", asked=asked)
    assert "riktig" not in made.output
    run("person", "password", "a@kommune.no", asked="en annen hest her\n" * 2)
    short = run("person", "password", "a@kommune.no", asked="kort\nkort\n", fails=True)
    assert isinstance(short.exception, SurveyError)


def test_nobody_unknown_gets_a_link(home: Path) -> None:
    told = run("signin-link", "ingen@kommune.no", fails=True)
    assert isinstance(told.exception, SurveyError)


def test_a_key_is_shown_once_and_revoked(home: Path) -> None:
    made = run("api-key", "create", "HR", "--scope", "studies:read").output
    key_id, key = made.split()
    listed = run("api-key", "list").output
    assert key_id in listed
    assert key not in listed
    run("api-key", "revoke", key_id)
    assert "revoked" in run("api-key", "list").output


def test_the_event_log_is_verified_and_a_forgery_found(home: Path) -> None:
    run("person", "create", "anna@kommune.no", "--name", "Anna", "--role", "staff")
    assert "holds\t2 events" in run("audit", "verify").output
    assert "person.created" in run("audit", "list").output
    parts = build(config.load())
    with parts.db.transaction() as session:
        session.execute(sa.update(Event).where(Event.sequence == 1).values(actor="person:1"))
    parts.db.dispose()
    broken = run("audit", "verify", fails=True)
    assert broken.exit_code == 1
    assert "event 1: its content was changed" in broken.output


def test_an_end_that_was_cut_off_is_found_by_what_was_noted(home: Path) -> None:
    run("person", "create", "anna@kommune.no", "--name", "Anna", "--role", "auditor")
    noted = home / "anchors.txt"
    run("audit", "verify", "--anchors", str(noted))
    run("audit", "verify", "--anchors", str(noted))
    assert len(noted.read_text().splitlines()) == 1
    parts = build(config.load())
    with parts.db.transaction() as session:
        session.execute(sa.delete(Event).where(Event.sequence == 2))
    parts.db.dispose()
    assert "holds" in run("audit", "verify").output
    broken = run("audit", "verify", "--anchors", str(noted), fails=True)
    assert "event 2: was noted elsewhere and is missing" in broken.output
    noted.write_text("no head\n")
    unread = run("audit", "verify", "--anchors", str(noted), fails=True)
    assert isinstance(unread.exception, SurveyError)
