"""Passwords, links, sessions and keys: who gets in, once, and for how long."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from survey.access import api_keys, links, passwords, people, sessions, signin
from survey.access.models import ApiKey, Person, SigninLink, StaffSession
from survey.core import limits
from survey.core.db import Database, now
from survey.core.errors import Closed, Conflict, InvalidInput, NotFound, RateLimited
from survey.core.limit_models import AttemptCount
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
            email="Anna@Kommune.example",
            password_hash=hashed,
            actor="cli",
        )


def sign_in(database: Database, **changes: str | None) -> str | None:
    values: dict[str, Any] = {"email": "anna@kommune.example", "password": PASSWORD}
    values |= {"address": "192.0.2.1", **changes}
    token = signin.with_password(database, SECRET, hours=8, **values)
    assert token is None or isinstance(token, str)
    return token


def who(database: Database, token: str) -> str | None:
    with database.reading() as session:
        found = sessions.find(session, SECRET, token)
    return None if found is None else found.name


def test_the_right_password_opens_a_session_in_any_case_of_the_address(
    database: Database, anna: Person
) -> None:
    token = sign_in(database, email=" ANNA@kommune.EXAMPLE ")
    assert token is not None
    assert who(database, token) == "Anna"


@pytest.mark.parametrize(
    "change",
    [
        {"password": "feil hest batteri"},
        {"password": ""},
        {"password": "x" * 100_000},
        {"email": "ingen@kommune.example"},
        {"email": ""},
        {"organisation": "4000"},
    ],
)
def test_every_way_to_be_wrong_gives_the_same_nothing(
    database: Database, anna: Person, change: dict[str, str]
) -> None:
    assert sign_in(database, **change) is None


def test_a_person_without_a_password_cannot_use_one(database: Database, anna: Person) -> None:
    with database.transaction() as session:
        session.get_one(Person, (anna.organisation_id, anna.id)).password_hash = None
    assert sign_in(database) is None


def test_an_unknown_address_takes_as_long_as_a_known_one(database: Database, anna: Person) -> None:
    def seconds(email: str) -> float:
        start = time.process_time()
        sign_in(database, email=email, password="feil hest batteri")
        return time.process_time() - start

    seconds("varm@kommune.example")
    known = statistics.median(seconds("anna@kommune.example") for _ in range(4))
    unknown = statistics.median(seconds("ukjent@kommune.example") for _ in range(4))
    assert 0.4 < unknown / known < 2.5


def test_the_database_holds_no_token(database: Database, anna: Person) -> None:
    token = sign_in(database)
    assert token is not None
    with database.reading() as session:
        stored = session.scalars(sa.select(StaffSession.token_hash)).one()
    assert token.encode() not in bytes(stored)
    assert bytes(stored) == SECRET.hash("staff-session", token.encode())


def test_signing_in_ends_the_session_that_the_browser_had(database: Database, anna: Person) -> None:
    first = sign_in(database)
    assert first is not None
    second = sign_in(database, old_token=first)
    assert second is not None
    assert second != first
    assert who(database, first) is None
    assert who(database, second) == "Anna"


def test_a_session_ends_with_its_time(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign_in(database)
    assert token is not None
    later = now() + timedelta(hours=8, seconds=1)
    monkeypatch.setattr(sessions, "now", lambda: later)
    assert who(database, token) is None


def test_who_is_kept_out_is_out_at_once(database: Database, anna: Person) -> None:
    token = sign_in(database)
    assert token is not None
    with database.transaction() as session:
        person = people.get(session, anna.organisation_id, anna.id)
        people.set_active(session, person, False, actor="cli")
    assert who(database, token) is None
    assert sign_in(database) is None


def test_a_new_password_ends_every_session(database: Database, anna: Person) -> None:
    token = sign_in(database)
    assert token is not None
    with database.transaction() as session:
        person = people.get(session, anna.organisation_id, anna.id)
        people.set_password(session, person, "noe annet", actor="cli")
    assert who(database, token) is None


def test_guessing_one_account_is_stopped_even_with_the_right_password(
    database: Database, anna: Person
) -> None:
    for number in range(signin.PER_ACCOUNT):
        assert sign_in(database, password="feil", address=f"192.0.2.{number}") is None
    with pytest.raises(RateLimited) as told:
        sign_in(database, address="198.51.100.1")
    assert 1 <= told.value.retry_after <= 900


def test_an_unknown_account_is_limited_just_like_a_known_one(
    database: Database, anna: Person
) -> None:
    for _ in range(signin.PER_ACCOUNT):
        sign_in(database, email="ukjent@kommune.example")
    with pytest.raises(RateLimited):
        sign_in(database, email="ukjent@kommune.example")
    assert sign_in(database) is not None


def test_guessing_many_accounts_from_one_address_is_stopped(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "PER_ADDRESS", 12)
    for number in range(12):
        sign_in(database, email=f"n{number}@kommune.example", address="2001:db8::1")
    with pytest.raises(RateLimited):
        sign_in(database, address="2001:db8::ffff")
    assert sign_in(database, address="2001:db8:0:1::1") is not None


def test_people_who_get_it_right_are_never_limited(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "PER_ACCOUNT", 2)
    monkeypatch.setattr(signin, "PER_ADDRESS", 3)
    for _ in range(6):
        assert sign_in(database) is not None


def test_failures_hold_neither_address_nor_account(database: Database, anna: Person) -> None:
    sign_in(database, password="feil")
    with database.reading() as session:
        rows = session.scalars(sa.select(AttemptCount)).all()
    assert len(rows) == 2
    for row in rows:
        assert len(row.bucket) == 32
        assert b"anna" not in row.bucket


def test_failures_are_forgotten_with_their_quarter_of_an_hour(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(database, password="feil")
    later = now() + limits.QUARTER
    monkeypatch.setattr(limits, "now", lambda: later)
    sign_in(database, email="annen@kommune.example", password="feil", address="198.51.100.9")
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AttemptCount)) == 2


def test_a_person_of_two_organisations_says_which(
    database: Database, anna: Person, hashed: str
) -> None:
    with database.transaction() as session:
        other = create_organisation(session, "4000", "Annenvik")
        later = people.create_person(
            session, other.id, name="Anna der", email=anna.email, password_hash=hashed, actor="cli"
        )
        later.created_at = anna.created_at + timedelta(days=1)
    here, there = sign_in(database), sign_in(database, organisation="4000")
    assert here is not None
    assert there is not None
    assert (who(database, here), who(database, there)) == ("Anna", "Anna der")


def make_link(database: Database, person: Person) -> str:
    with database.transaction() as session:
        return links.create(session, SECRET, person, actor="cli")


def test_a_link_signs_in_once(database: Database, anna: Person) -> None:
    token = make_link(database, anna)
    for _ in range(3):
        with database.reading() as session:
            assert links.usable(session, SECRET, token)
    session_token = signin.with_link(database, SECRET, token=token, hours=8)
    assert isinstance(session_token, str)
    assert who(database, session_token) == "Anna"
    with pytest.raises(Closed):
        signin.with_link(database, SECRET, token=token, hours=8)


def test_a_link_used_by_many_at_once_signs_in_one(database: Database, anna: Person) -> None:
    token = make_link(database, anna)
    made: list[object] = []

    def use() -> None:
        with contextlib.suppress(Closed):
            made.append(signin.with_link(database, SECRET, token=token, hours=8))

    threads = [threading.Thread(target=use) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_a_link_is_useless_after_its_time_and_for_who_is_kept_out(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_link(database, anna)
    with database.transaction() as session:
        people.set_active(
            session, people.get(session, anna.organisation_id, anna.id), False, actor="cli"
        )
    with pytest.raises(Closed):
        signin.with_link(database, SECRET, token=token, hours=8)
    with database.transaction() as session:
        people.set_active(
            session, people.get(session, anna.organisation_id, anna.id), True, actor="cli"
        )
    later = now() + timedelta(minutes=61)
    monkeypatch.setattr(links, "now", lambda: later)
    with pytest.raises(Closed):
        signin.with_link(database, SECRET, token=token, hours=8)


def test_the_database_holds_no_link(database: Database, anna: Person) -> None:
    token = make_link(database, anna)
    with database.reading() as session:
        assert token.encode() not in bytes(session.scalars(sa.select(SigninLink.token_hash)).one())


def test_a_key_works_until_it_is_revoked_or_expires(
    database: Database, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = anna.organisation_id
    with database.transaction() as session:
        made, token = api_keys.create(session, SECRET, home, "HR", ["studies:read"])
        short, brief = api_keys.create(
            session, SECRET, home, "Kort", ["studies:read"], expires_at=now() + timedelta(hours=1)
        )
    with database.reading() as session:
        found = api_keys.find(session, SECRET, token)
        assert found is not None
        assert found.scopes == {"studies:read"}
        assert found.actor == f"key:{made.id}"
        assert api_keys.find(session, SECRET, brief) is not None
        assert api_keys.find(session, SECRET, token + "x") is None
        assert token not in str(session.scalars(sa.select(ApiKey.key_hash)).all())
    with database.transaction() as session:
        first = api_keys.revoke(session, home, made.id).revoked_at
        assert api_keys.revoke(session, home, made.id).revoked_at == first
        with pytest.raises(NotFound):
            api_keys.revoke(session, home + 1, short.id)
    later = now() + timedelta(hours=2)
    monkeypatch.setattr(api_keys, "now", lambda: later)
    with database.reading() as session:
        assert api_keys.find(session, SECRET, token) is None
        assert api_keys.find(session, SECRET, brief) is None


def test_every_fault_of_a_key_is_told_at_once(database: Database, anna: Person) -> None:
    past = now() - timedelta(1)
    with pytest.raises(InvalidInput) as told, database.transaction() as session:
        api_keys.create(session, SECRET, anna.organisation_id, " ", ["root"], expires_at=past)
    assert [str(fault.where) for fault in told.value.faults] == [
        "scopes: root",
        "name",
        "expires_at",
    ]


def test_no_key_both_makes_codes_and_reads_them(database: Database, anna: Person) -> None:
    both = ["studies:read", "invitations:write", "invitations:export"]
    with database.transaction() as session:
        for scopes in (both[:2], both[::2]):
            api_keys.create(session, SECRET, anna.organisation_id, "Ett", scopes)
        with pytest.raises(InvalidInput, match="never given to one key"):
            api_keys.create(session, SECRET, anna.organisation_id, "Alt", both)


def test_every_fault_of_a_person_is_told_at_once(database: Database, anna: Person) -> None:
    with pytest.raises(InvalidInput) as told, database.transaction() as session:
        people.create_person(
            session, anna.organisation_id, name="", email="x", language="fr", actor="cli"
        )
    assert [str(fault.where) for fault in told.value.faults] == ["name", "email", "language"]


def test_an_address_is_used_once_in_an_organisation(database: Database, anna: Person) -> None:
    with pytest.raises(Conflict), database.transaction() as session:
        people.create_person(
            session, anna.organisation_id, name="B", email="ANNA@kommune.example", actor="cli"
        )


def test_roles_are_given_once_and_taken_back(database: Database, anna: Person) -> None:
    with database.transaction() as session:
        first = people.grant(session, anna, "auditor", actor="cli")
        assert people.grant(session, anna, "auditor", actor="cli").id == first.id
        people.withdraw(session, anna, "auditor", actor="cli")
        with pytest.raises(NotFound):
            people.withdraw(session, anna, "auditor", actor="cli")
    for role, unit in (("root", None), ("manager", None), ("staff", "n1")):
        with pytest.raises(InvalidInput), database.transaction() as session:
            people.grant(session, anna, role, unit=unit, actor="cli")
    with pytest.raises(NotFound), database.transaction() as session:
        people.grant(session, anna, "manager", unit="n1", actor="cli")


def test_passwords_are_neither_short_nor_endless() -> None:
    for wrong in ("kort", "x" * 201):
        with pytest.raises(InvalidInput):
            passwords.make_hash(wrong)


def test_a_hash_of_older_parameters_is_renewed_when_its_owner_signs_in(
    database: Database, anna: Person
) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    with database.transaction() as session:
        session.get_one(Person, (anna.organisation_id, anna.id)).password_hash = old
    assert sign_in(database) is not None
    with database.reading() as session:
        stored = session.get_one(Person, (anna.organisation_id, anna.id)).password_hash
    assert stored is not None
    assert stored != old
    assert not passwords.outdated(stored)
