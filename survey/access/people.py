"""People who sign in, and their roles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import sessions
from survey.access.models import Grant, Person
from survey.access.principal import ROLES
from survey.audit import log
from survey.db import new_id, now
from survey.errors import Conflict, Fault, InvalidInput, NotFound
from survey.organisation.models import Unit

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}", re.ASCII)
_LANGUAGES = ("nb", "nn", "en")


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """One role of a person; ``unit`` is the code of the unit a manager leads."""

    role: str
    unit: str | None


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


def create_person(
    session: Session,
    organisation_id: int,
    *,
    name: str,
    email: str,
    actor: str,
    language: str = "nb",
    password_hash: str | None = None,
) -> Person:
    """Add a person. Make ``password_hash`` with ``passwords.make_hash`` beforehand.

    Raises InvalidInput with every fault at once, Conflict when the e-mail is in use here.
    """
    address = email.strip().lower()
    faults = []
    if not name.strip() or len(name) > 200:
        faults.append(Fault("name", "must have from 1 to 200 characters."))
    if not _EMAIL.fullmatch(address):
        faults.append(Fault("email", f"{email!r} is not an e-mail address."))
    if language not in _LANGUAGES:
        faults.append(Fault("language", f"{language!r} is not one of {', '.join(_LANGUAGES)}."))
    if faults:
        raise InvalidInput("The person was not added.", faults)
    if find(session, organisation_id, address) is not None:
        raise Conflict(f"{address} is in use already.")
    person = Person(
        organisation_id=organisation_id,
        id=new_id(),
        name=" ".join(name.split()),
        email=address,
        password_hash=password_hash,
        language=language,
        active=True,
        created_at=now(),
    )
    session.add(person)
    session.flush()
    log.record(session, organisation_id, actor, "person.created", f"person:{person.id}")
    return person


def find(session: Session, organisation_id: int, email: str) -> Person | None:
    """The person with this e-mail address, in any case of letters; None when there is none."""
    return session.scalar(
        sa.select(Person).where(
            Person.organisation_id == organisation_id, Person.email == email.strip().lower()
        )
    )


def get(session: Session, organisation_id: int, person_id: int) -> Person:
    """The person with this id; NotFound when there is none."""
    person = session.get(Person, (organisation_id, person_id))
    if person is None:
        raise NotFound("There is no such person.")
    return person


def with_email(session: Session, email: str) -> list[Person]:
    """Everybody with this address, over all organisations, oldest first."""
    return list(
        session.scalars(
            sa.select(Person)
            .where(Person.email == email.strip().lower())
            .order_by(Person.created_at, Person.organisation_id)
        )
    )


def grant(
    session: Session,
    person: Person,
    role: str,
    *,
    actor: str,
    unit: str | None = None,
) -> Grant:
    """Give a role; a manager's needs the code of a unit. Giving it twice changes nothing.

    Raises InvalidInput for an unknown role or a unit too many or too few, NotFound for an unknown
    unit.
    """
    if role not in ROLES:
        fault = Fault("role", f"{role!r} is no role.", "There are: " + ", ".join(ROLES) + ".")
        raise InvalidInput("The role was not given.", [fault])
    if (role == "manager") != (unit is not None):
        fault = Fault("unit", "is needed for a manager, and only for a manager.")
        raise InvalidInput("The role was not given.", [fault])
    unit_id = None if unit is None else _unit_id(session, person.organisation_id, unit)
    same_unit = Grant.unit_id.is_(None) if unit_id is None else Grant.unit_id == unit_id
    present = session.scalar(
        sa.select(Grant).where(
            Grant.organisation_id == person.organisation_id,
            Grant.person_id == person.id,
            Grant.role == role,
            same_unit,
        )
    )
    if present is not None:
        return present
    made = Grant(
        organisation_id=person.organisation_id,
        id=new_id(),
        person_id=person.id,
        role=role,
        unit_id=unit_id,
    )
    session.add(made)
    session.flush()
    details = {"role": role, "unit": unit}
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "role.granted", subject, details)
    return made


def withdraw(
    session: Session, person: Person, role: str, *, actor: str, unit: str | None = None
) -> None:
    """Take a role away; NotFound when the person does not have it."""
    unit_id = None if unit is None else _unit_id(session, person.organisation_id, unit)
    same_unit = Grant.unit_id.is_(None) if unit_id is None else Grant.unit_id == unit_id
    gone = session.execute(
        sa.delete(Grant)
        .where(
            Grant.organisation_id == person.organisation_id,
            Grant.person_id == person.id,
            Grant.role == role,
            same_unit,
        )
        .returning(Grant.id)
    ).all()
    if not gone:
        raise NotFound("The person does not have that role.")
    details = {"role": role, "unit": unit}
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "role.withdrawn", subject, details)


def set_active(session: Session, person: Person, active: bool, *, actor: str) -> None:
    """Let a person in or keep them out; whoever is kept out is signed out everywhere."""
    person.active = active
    if not active:
        sessions.end_all(session, person.organisation_id, person.id)
    session.flush()
    action = "person.activated" if active else "person.deactivated"
    log.record(session, person.organisation_id, actor, action, f"person:{person.id}")


def set_password(session: Session, person: Person, password_hash: str, *, actor: str) -> None:
    """Store a new password's hash; every session of the person ends."""
    person.password_hash = password_hash
    sessions.end_all(session, person.organisation_id, person.id)
    session.flush()
    log.record(session, person.organisation_id, actor, "password.changed", f"person:{person.id}")


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
    roles = _roles(session, organisation_id, [person.id for person in people])
    return [
        PersonInfo(
            id=person.id,
            name=person.name,
            email=person.email,
            language=person.language,
            active=person.active,
            has_password=person.password_hash is not None,
            roles=tuple(roles.get(person.id, ())),
        )
        for person in people
    ]


def _roles(
    session: Session, organisation_id: int, people: Iterable[int]
) -> dict[int, list[RoleInfo]]:
    rows = session.execute(
        sa.select(Grant.person_id, Grant.role, Unit.code)
        .outerjoin(
            Unit,
            sa.and_(Unit.organisation_id == Grant.organisation_id, Unit.id == Grant.unit_id),
        )
        .where(Grant.organisation_id == organisation_id, Grant.person_id.in_(list(people)))
        .order_by(Grant.role, Unit.code)
    )
    found: dict[int, list[RoleInfo]] = {}
    for person_id, role, unit in rows:
        found.setdefault(person_id, []).append(RoleInfo(role, unit))
    return found


def _unit_id(session: Session, organisation_id: int, code: str) -> int:
    unit_id = session.scalar(
        sa.select(Unit.id).where(Unit.organisation_id == organisation_id, Unit.code == code)
    )
    if unit_id is None:
        raise NotFound(f"There is no unit with the code {code!r}.")
    return unit_id
