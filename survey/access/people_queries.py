"""Lists of people with their roles, as pages and programs show them. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access.models import Grant, Person, SecondFactor
from survey.organisation.models import Unit

_LAST_LETTERS = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}"})


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """One role of a person; ``unit`` is the code of the unit a manager leads."""

    role: str
    unit: str | None
    unit_name: str | None = None


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person with their roles, as a list shows them."""

    id: int
    name: str
    email: str
    language: str
    active: bool
    has_password: bool
    roles: tuple[RoleInfo, ...]
    has_second_factor: bool = False
    invited_at: datetime | None = None
    signed_in_at: datetime | None = None


def listing(
    session: Session, organisation_id: int, *, after: int = 0, limit: int | None = None
) -> list[PersonInfo]:
    """People with their roles in order of ids, those behind ``after`` first."""
    people = session.scalars(
        sa.select(Person)
        .where(Person.organisation_id == organisation_id, Person.id > after)
        .order_by(Person.id)
        .limit(limit)
    ).all()
    return _infos(session, organisation_id, people)


def search(
    session: Session,
    organisation_id: int,
    *,
    text: str = "",
    role: str = "",
    state: str = "",
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[PersonInfo], int]:
    """People by name: (those of one page, how many there are in all).

    ``text`` stands in the name, the address, or the name or code of a unit that is led; ``role``
    is one of ROLES or ``none``; ``state`` is ``active``, ``inactive`` or ``new`` (has never signed
    in); '' for any.
    """
    query = sa.select(Person).where(Person.organisation_id == organisation_id)
    own = sa.and_(Grant.organisation_id == Person.organisation_id, Grant.person_id == Person.id)
    if role == "none":
        query = query.where(~sa.exists().where(own))
    elif role:
        query = query.where(sa.exists().where(own, Grant.role == role))
    if state == "new":
        query = query.where(Person.signed_in_at.is_(None), Person.active.is_(True))
    elif state:
        query = query.where(Person.active.is_(state == "active"))
    # In Python, because SQLite knows neither that Å and å are one letter nor where they stand.
    people = list(session.scalars(query))
    wanted = text.strip().casefold()
    if wanted:
        led = _led(session, organisation_id)
        people = [
            person
            for person in people
            if any(
                wanted in label.casefold()
                for label in (person.name, person.email, *led.get(person.id, ()))
            )
        ]
    people.sort(key=lambda person: (alphabetical(person.name), person.id))
    return _infos(session, organisation_id, people[offset : offset + limit]), len(people)


def alphabetical(name: str) -> str:
    """A key that sorts names as the Norwegian alphabet does: æ, ø and å come last."""
    return name.casefold().translate(_LAST_LETTERS)


def info(session: Session, person: Person) -> PersonInfo:
    """One person with their roles."""
    return _infos(session, person.organisation_id, [person])[0]


def names(session: Session, organisation_id: int, ids: Iterable[int]) -> dict[int, str]:
    """Id → name, of those that there are."""
    rows = session.execute(
        sa.select(Person.id, Person.name).where(
            Person.organisation_id == organisation_id, Person.id.in_(list(ids))
        )
    )
    return {row.id: row.name for row in rows}


def _infos(session: Session, organisation_id: int, people: Sequence[Person]) -> list[PersonInfo]:
    ids = [person.id for person in people]
    roles = _roles(session, organisation_id, ids)
    factors = set(
        session.scalars(
            sa.select(SecondFactor.person_id).where(
                SecondFactor.organisation_id == organisation_id,
                SecondFactor.person_id.in_(ids),
                SecondFactor.confirmed_at.is_not(None),
            )
        )
    )
    return [
        PersonInfo(
            id=person.id,
            name=person.name,
            email=person.email,
            language=person.language,
            active=person.active,
            has_password=person.password_hash is not None,
            roles=tuple(roles.get(person.id, ())),
            has_second_factor=person.id in factors,
            invited_at=person.invited_at,
            signed_in_at=person.signed_in_at,
        )
        for person in people
    ]


def _led(session: Session, organisation_id: int) -> dict[int, list[str]]:
    """Person → codes and names of the units led."""
    rows = session.execute(
        sa.select(Grant.person_id, Unit.code, Unit.name)
        .join(
            Unit,
            sa.and_(Unit.organisation_id == Grant.organisation_id, Unit.id == Grant.unit_id),
        )
        .where(Grant.organisation_id == organisation_id)
    )
    labels: dict[int, list[str]] = {}
    for person_id, code, name in rows:
        labels.setdefault(person_id, []).extend((code, name))
    return labels


def _roles(
    session: Session, organisation_id: int, people: Iterable[int]
) -> dict[int, list[RoleInfo]]:
    rows = session.execute(
        sa.select(Grant.person_id, Grant.role, Unit.code, Unit.name)
        .outerjoin(
            Unit,
            sa.and_(Unit.organisation_id == Grant.organisation_id, Unit.id == Grant.unit_id),
        )
        .where(Grant.organisation_id == organisation_id, Grant.person_id.in_(list(people)))
        .order_by(Grant.role, Unit.code)
    )
    roles: dict[int, list[RoleInfo]] = {}
    for person_id, role, unit, name in rows:
        roles.setdefault(person_id, []).append(RoleInfo(role, unit, name))
    return roles
