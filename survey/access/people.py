"""People who sign in, and their roles."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import links, people_queries, sessions
from survey.access.models import (
    Grant,
    Identity,
    Person,
    RecoveryCode,
    SecondFactor,
    SigninLink,
    StaffSession,
)
from survey.access.principal import ROLES
from survey.audit import log
from survey.core.db import new_id, now
from survey.core.errors import Conflict, Fault, InvalidInput, NotFound, say
from survey.core.languages import DEFAULT, LANGUAGES
from survey.jobs import outbox
from survey.organisation.models import Organisation, Unit

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}", re.ASCII)


class EmailTaken(Conflict):
    """Somebody else in the organisation has the address."""


class LastStaff(Conflict):
    """Nobody else would be left who can let people in."""


def create_person(
    session: Session,
    organisation_id: int,
    *,
    name: str,
    email: str,
    actor: str,
    language: str = DEFAULT,
    password_hash: str | None = None,
) -> Person:
    """Add a person. Make ``password_hash`` with ``passwords.make_hash`` beforehand.

    Raises InvalidInput with every fault at once, Conflict when the e-mail is in use here.
    """
    address = email.strip().lower()
    faults = _faults(name, address, language)
    if faults:
        raise InvalidInput("person_was_not_added", faults)
    if find(session, organisation_id, address) is not None:
        raise EmailTaken(say("address_in_use", address=address))
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


def change(
    session: Session, person: Person, *, name: str, email: str, language: str, actor: str
) -> None:
    """Change a person's name, address or language; links that were sent before are of no use then.

    Raises InvalidInput with every fault at once, Conflict when somebody else has the address.
    """
    address = email.strip().lower()
    faults = _faults(name, address, language)
    if faults:
        raise InvalidInput("person_was_not_changed", faults)
    other = find(session, person.organisation_id, address)
    if other is not None and other.id != person.id:
        raise EmailTaken(say("address_in_use", address=address))
    wanted = {"name": " ".join(name.split()), "email": address, "language": language}
    changed = [field for field, value in wanted.items() if getattr(person, field) != value]
    if not changed:
        return
    for field, value in wanted.items():
        setattr(person, field, value)
    if "email" in changed:
        links.revoke_all(session, person)
    session.flush()
    subject = f"person:{person.id}"
    details = {"changed": changed}
    log.record(session, person.organisation_id, actor, "person.changed", subject, details)


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
        raise NotFound("no_such_person")
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
        fault = Fault(
            "role", say("unknown_role", role=role), say("existing_values", roles=", ".join(ROLES))
        )
        raise InvalidInput("role_was_not_given", [fault])
    if (role == "manager") != (unit is not None):
        fault = Fault("unit", "needed_for_manager_and_only_for_manager")
        raise InvalidInput("role_was_not_given", [fault])
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
    new_grant = Grant(
        organisation_id=person.organisation_id,
        id=new_id(),
        person_id=person.id,
        role=role,
        unit_id=unit_id,
    )
    session.add(new_grant)
    session.flush()
    details = {"role": role, "unit": unit}
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "role.granted", subject, details)
    return new_grant


def set_roles(
    session: Session,
    person: Person,
    *,
    staff: bool,
    auditor: bool,
    units: Iterable[str],
    actor: str,
) -> None:
    """Give and take roles until the person has these: ``units`` are the codes of those led.

    Raises InvalidInput naming every unknown unit, Conflict for the last active ``staff``.
    """
    wanted: set[tuple[str, str | None]] = {("manager", code) for code in units}
    wanted |= {("staff", None)} if staff else set()
    wanted |= {("auditor", None)} if auditor else set()
    present = {(held.role, held.unit) for held in people_queries.info(session, person).roles}
    for role, unit in sorted(wanted - present, key=str):
        grant(session, person, role, unit=unit, actor=actor)
    for role, unit in sorted(present - wanted, key=str):
        withdraw(session, person, role, unit=unit, actor=actor)


def invite(session: Session, person: Person, *, actor: str) -> None:
    """Have an invitation sent: a mail with a link that is made when the mail leaves."""
    if not person.active:
        raise Conflict("person_is_kept_out")
    person.invited_at = now()
    outbox.put(session, person.organisation_id, "person_invitation", str(person.id))
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "person.invited", subject)


def withdraw(
    session: Session, person: Person, role: str, *, actor: str, unit: str | None = None
) -> None:
    """Take a role away; NotFound when the person does not have it.

    Raises Conflict when nobody else could give it back: the last active person with ``staff``.
    """
    if role == "staff":
        _keep_somebody(session, person)
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
        raise NotFound("person_does_not_have_that_role")
    details = {"role": role, "unit": unit}
    subject = f"person:{person.id}"
    log.record(session, person.organisation_id, actor, "role.withdrawn", subject, details)


def set_active(session: Session, person: Person, active: bool, *, actor: str) -> None:
    """Let a person in or keep them out; whoever is kept out is signed out everywhere.

    Links that were sent to them are of no use any more, and an app that was being set up is gone.
    Raises Conflict for the last active person with the role ``staff``.
    """
    if person.active == active:
        return
    if not active:
        _keep_somebody(session, person)
        sessions.end_all(session, person.organisation_id, person.id)
        links.revoke_all(session, person)
    person.active = active
    session.flush()
    action = "person.activated" if active else "person.deactivated"
    log.record(session, person.organisation_id, actor, action, f"person:{person.id}")


def forget(session: Session, person: Person, *, actor: str) -> None:
    """Delete a person who is kept out, with everything that is stored of them.

    Events keep the bare id. Raises Conflict for somebody who still has access.
    """
    if person.active:
        raise Conflict("keep_person_out_first")
    own = (person.organisation_id, person.id)
    for table in (StaffSession, SigninLink, RecoveryCode, SecondFactor, Identity, Grant):
        session.execute(
            sa.delete(table).where(table.organisation_id == own[0], table.person_id == own[1])
        )
    session.delete(person)
    session.flush()
    log.record(session, own[0], actor, "person.deleted", f"person:{own[1]}")


def set_password(
    session: Session, person: Person, password_hash: str, *, actor: str, keep: str | None = None
) -> None:
    """Store a new password's hash; every session of the person ends, and links are of no use.

    ``keep`` is the reference of a session that goes on: the one that the change was made in.
    """
    person.password_hash = password_hash
    sessions.end_all(session, person.organisation_id, person.id, keep=keep)
    links.revoke_all(session, person)
    session.flush()
    log.record(session, person.organisation_id, actor, "password.changed", f"person:{person.id}")


def is_email(address: str) -> bool:
    """True when it can be somebody's address."""
    return _EMAIL.fullmatch(address) is not None


def _faults(name: str, address: str, language: str) -> list[Fault]:
    faults = []
    if not name.strip() or len(name) > 200:
        faults.append(Fault("name", "name_of_wrong_length"))
    if not is_email(address):
        faults.append(Fault("email", say("not_an_email_address", address=address)))
    if language not in LANGUAGES:
        faults.append(
            Fault("language", say("not_one_of", language=language, languages=", ".join(LANGUAGES)))
        )
    return faults


def _keep_somebody(session: Session, person: Person) -> None:
    """Refuse what would leave the organisation without anybody who can give roles.

    The organisation's row is held, so that two who leave at once do not count on each other.
    """
    session.get(Organisation, person.organisation_id, with_for_update=True)
    staff = set(
        session.scalars(
            sa.select(Person.id)
            .join(
                Grant,
                sa.and_(
                    Grant.organisation_id == Person.organisation_id,
                    Grant.person_id == Person.id,
                ),
            )
            .where(
                Person.organisation_id == person.organisation_id,
                Person.active.is_(True),
                Grant.role == "staff",
            )
        )
    )
    if staff == {person.id}:
        raise LastStaff("last_staff")


def _unit_id(session: Session, organisation_id: int, code: str) -> int:
    unit_id = session.scalar(
        sa.select(Unit.id).where(Unit.organisation_id == organisation_id, Unit.code == code)
    )
    if unit_id is None:
        raise NotFound(say("no_such_unit", code=code))
    return unit_id
