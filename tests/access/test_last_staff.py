"""An organisation is never left without anybody who can let people in."""

from __future__ import annotations

import threading

import pyotp
import pytest

from survey.access import managers, people, people_queries, second_factor
from survey.access.people import LastStaff
from survey.core.db import Database
from survey.core.secret import Secret
from survey.organisation.units import create_organisation


def two_staff(database: Database) -> list[tuple[int, int]]:
    with database.transaction() as session:
        home = create_organisation(session, "3999", "Prøvevik")
        made = []
        for name in ("anna", "berit"):
            person = people.create_person(
                session, home.id, name=name, email=f"{name}@kommune.example", actor="cli"
            )
            people.grant(session, person, "staff", actor="cli")
            made.append((home.id, person.id))
    return made


def keep_each_other_out(database: Database) -> tuple[int, int]:
    """Both at once; (how many were refused, how many are left)."""
    both, refused, gate = two_staff(database), [], threading.Barrier(2)

    def run(key: tuple[int, int], how: str) -> None:
        gate.wait()
        try:
            with database.transaction() as session:
                person = people.get(session, *key)
                if how == "out":
                    people.set_active(session, person, False, actor="cli")
                else:
                    people.withdraw(session, person, "staff", actor="cli")
        except LastStaff:
            refused.append(key)

    threads = [
        threading.Thread(target=run, args=(key, how))
        for key, how in zip(both, ("out", "role"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        left, _ = people_queries.search(session, both[0][0], role="staff", state="active")
    return len(refused), len(left)


def test_two_who_leave_at_once_do_not_count_on_each_other(database: Database) -> None:
    assert keep_each_other_out(database) == (1, 1)


@pytest.mark.postgresql
def test_nor_do_they_on_postgresql(postgres_database: Database) -> None:
    assert keep_each_other_out(postgres_database) == (1, 1)


@pytest.mark.postgresql
def test_a_code_typed_twice_at_once_is_accepted_once_on_postgresql(
    postgres_database: Database,
) -> None:
    secret, accepted = Secret(b"x" * 32), []
    with postgres_database.transaction() as session:
        home = create_organisation(session, "3999", "Prøvevik")
        anna = people.create_person(
            session, home.id, name="Anna", email="anna@kommune.example", actor="cli"
        )
        app = pyotp.TOTP(second_factor.begin(session, secret, anna))
        codes = second_factor.confirm(session, secret, anna, app.now(), actor="cli")
    assert codes is not None
    gate = threading.Barrier(4)

    def use(code: str) -> None:
        gate.wait()
        with postgres_database.transaction() as session:
            person = people.get(session, home.id, anna.id)
            if second_factor.check(session, secret, person, code):
                accepted.append(code)

    threads = [threading.Thread(target=use, args=(codes[0],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accepted == [codes[0]]


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("kari.nordmann@kommune.no", "Kari Nordmann"),
        ("kari.nordmann-lie2@kommune.no", "Kari Nordmann-Lie"),
        ("KARI_NORDMANN+barometer@kommune.no", "Kari Nordmann"),
        ("kn@kommune.no", "Kn"),
        ("123@kommune.no", "123@kommune.no"),
    ],
)
def test_a_name_is_guessed_from_an_address(email: str, name: str) -> None:
    assert managers.name_from(email) == name
