"""The authenticator app: set up, asked for once a step, sealed, and what helps when it is lost."""

from __future__ import annotations

import time

import pyotp
import pytest
import sqlalchemy as sa
from nacl.exceptions import CryptoError

from survey.access import passwords, people, second_factor, signin
from survey.access.models import Person, RecoveryCode, SecondFactor
from survey.access.signin import Pending
from survey.audit import log
from survey.core.db import Database
from survey.core.errors import Conflict, NotFound, RateLimited, Unauthenticated
from survey.core.secret import Secret
from survey.organisation.units import create_organisation

PASSWORD = "riktig hest batteri"
SECRET = Secret(b"x" * 32)


@pytest.fixture(scope="module")
def hashed() -> str:
    return passwords.make_hash(PASSWORD)


@pytest.fixture
def anna(database: Database, hashed: str) -> Person:
    with database.transaction() as session:
        home = create_organisation(session, "3999", "Prøvevik")
        return people.create_person(
            session,
            home.id,
            name="Anna",
            email="anna@kommune.example",
            password_hash=hashed,
            actor="cli",
        )


@pytest.fixture
def app(database: Database, anna: Person) -> pyotp.TOTP:
    with database.transaction() as session:
        return pyotp.TOTP(second_factor.begin(session, SECRET, anna))


def code(app: pyotp.TOTP, steps: int = 0) -> str:
    return app.generate_otp(int(time.time()) // 30 + steps)


def confirm(database: Database, anna: Person, given: str) -> list[str] | None:
    with database.transaction() as session:
        return second_factor.confirm(session, SECRET, anna, given, actor="cli")


def check(database: Database, anna: Person, given: str) -> bool:
    with database.transaction() as session:
        return second_factor.check(session, SECRET, anna, given)


def begin(database: Database, **changes: str) -> str | Pending | None:
    values = {"email": "anna@kommune.example", "password": PASSWORD, "address": "192.0.2.1"}
    return signin.with_password(database, SECRET, hours=8, **{**values, **changes})


def finish(database: Database, pending: Pending, given: str) -> str | None:
    return signin.with_second_factor(database, SECRET, pending, code=given, hours=8)


def test_an_app_counts_once_a_code_of_it_was_typed(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    assert isinstance(begin(database), str)
    assert confirm(database, anna, "000000") is None
    assert confirm(database, anna, "not a code") is None
    codes = confirm(database, anna, code(app))
    assert codes is not None
    assert len(set(codes)) == 10
    assert isinstance(begin(database), Pending)
    with pytest.raises(NotFound):
        confirm(database, anna, code(app))
    with pytest.raises(Conflict), database.transaction() as session:
        second_factor.begin(session, SECRET, anna)


def test_a_step_is_accepted_once_and_none_before_it_either(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    used = code(app)
    confirm(database, anna, used)
    assert not check(database, anna, used)
    assert not check(database, anna, code(app, -1))
    later = code(app, 1)
    assert check(database, anna, f" {later[:3]} {later[3:]} ")
    assert not check(database, anna, later)
    assert not check(database, anna, code(app, 3))


def test_the_database_holds_neither_the_secret_nor_a_recovery_code(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    codes = confirm(database, anna, code(app))
    assert codes is not None
    with database.reading() as session:
        sealed = bytes(session.scalars(sa.select(SecondFactor.sealed)).one())
        hashes = [bytes(each) for each in session.scalars(sa.select(RecoveryCode.code_hash))]
    assert app.secret.encode() not in sealed
    assert all(each.encode() not in b"".join(hashes) for each in codes)
    with database.transaction() as session:
        row = session.scalars(sa.select(SecondFactor)).one()
        row.person_id += 1  # as if a row had been given to somebody else
        session.expunge(row)
        other = Person(organisation_id=anna.organisation_id, id=anna.id + 1)
        with pytest.raises(CryptoError):
            second_factor._step_of(row, SECRET, other, code(app))


def test_a_recovery_code_opens_once_however_it_is_written(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    codes = confirm(database, anna, code(app))
    assert codes is not None
    assert check(database, anna, codes[0].lower().replace("-", " "))
    assert not check(database, anna, codes[0])
    with database.transaction() as session:
        assert second_factor.codes_left(session, anna.organisation_id, anna.id) == 9
        fresh = second_factor.renew_codes(session, SECRET, anna, actor="cli")
    assert not check(database, anna, codes[1])
    assert check(database, anna, fresh[1])
    with database.reading() as session:
        actions = [event.action for event in log.events(session, anna.organisation_id)]
    assert actions.count("recovery_code.used") == 2
    assert "second_factor.added" in actions


def test_the_session_begins_with_the_second_factor_and_not_before(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    confirm(database, anna, code(app))
    pending = begin(database)
    assert isinstance(pending, Pending)
    assert Pending.from_dict(pending.as_dict()) == pending
    assert finish(database, pending, "123") is None
    assert isinstance(finish(database, pending, code(app, 1)), str)


def test_a_first_factor_counts_no_more_when_the_password_has_changed(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    confirm(database, anna, code(app))
    pending = begin(database)
    assert isinstance(pending, Pending)
    with database.transaction() as session:
        current = people.get(session, anna.organisation_id, anna.id)
        people.set_password(session, current, "another hash", actor="cli")
    with pytest.raises(Unauthenticated):
        finish(database, pending, code(app, 1))


def test_guessing_codes_is_stopped_even_with_the_right_one(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    confirm(database, anna, code(app))
    pending = begin(database)
    assert isinstance(pending, Pending)
    for _ in range(signin.PER_FACTOR):
        assert finish(database, pending, "123456") is None
    with pytest.raises(RateLimited):
        finish(database, pending, code(app, 1))


def test_taking_it_away_leaves_the_password(
    database: Database, anna: Person, app: pyotp.TOTP
) -> None:
    confirm(database, anna, code(app))
    with database.transaction() as session:
        assert second_factor.remove(session, anna, actor="cli")
        assert not second_factor.remove(session, anna, actor="cli")
        assert second_factor.codes_left(session, anna.organisation_id, anna.id) == 0
    assert isinstance(begin(database), str)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("kort", "short"),
        ("x" * 201, "long"),
        ("aaaaaaaaaaaaaaaa", "common"),
        ("Passord12345", "common"),
        ("Sommer2026!!", "common"),
        ("velkommen-kommune", "common"),
        ("anna.lie@kommune.example", "own"),
        ("annalieannalie", "own"),
        ("1" * 100 + "a" * 99, "common"),
        ("riktig hest batteri", None),
        ("annas hest stifter batteri", None),
    ],
)
def test_passwords_that_anybody_would_guess_are_refused(
    password: str, expected: str | None
) -> None:
    own = passwords.own_words("Anna Lie", "anna.lie@kommune.example")
    assert passwords.problem(password, own) == expected
