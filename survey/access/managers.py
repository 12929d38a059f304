"""Managers for all units at once, from the e-mail addresses that came with the units.

First a plan, to be looked at; then the same plan carried out, unless something changed meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import people
from survey.access.models import Grant, Person
from survey.organisation.models import Unit


@dataclass(frozen=True, slots=True)
class Step:
    """One unit and one person. ``person`` is None when the address is new here."""

    unit: str
    unit_name: str
    email: str
    name: str
    person: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What bringing managers up to date would do.

    ``grants`` are roles to give; ``kept_out`` would be given to people who are kept out, and are
    not; ``faulty`` are (unit's code, unit's name, what stands there) that are no addresses;
    ``leftover`` are managers of a unit whose file names another; ``known`` counts what is right
    already, ``without`` the units that name nobody.
    """

    grants: tuple[Step, ...]
    kept_out: tuple[Step, ...]
    faulty: tuple[tuple[str, str, str], ...]
    leftover: tuple[Step, ...]
    known: int
    without: int

    @property
    def new_people(self) -> dict[str, str]:
        """Address → name, of the people that would be added."""
        return {step.email: step.name for step in self.grants if step.person is None}

    def lines(self) -> list[str]:
        """The plan as text: two plans that say the same do the same."""
        return [
            *(f"grant {step.unit} {step.email} {step.person}" for step in self.grants),
            *(f"leftover {step.unit} {step.email}" for step in self.leftover),
        ]


def plan(session: Session, organisation_id: int) -> Plan:
    """Compare the addresses of open units with the managers that there are."""
    units = session.scalars(
        sa.select(Unit)
        .where(Unit.organisation_id == organisation_id, Unit.closed_at.is_(None))
        .order_by(Unit.name, Unit.code)
    ).all()
    known = {
        person.email: person
        for person in session.scalars(
            sa.select(Person).where(Person.organisation_id == organisation_id)
        )
    }
    leading = _leading(session, organisation_id)
    grants, kept_out, faulty, leftover = [], [], [], []
    right = without = 0
    for unit in units:
        email = (unit.manager_email or "").strip().lower()
        if not email:
            without += 1
            continue
        if not people.is_email(email):
            faulty.append((unit.code, unit.name, email))
            continue
        person = known.get(email)
        step = _step(unit, email, person)
        present = leading.get(unit.id, set())
        if person is not None and person.email in present:
            right += 1
        elif person is not None and not person.active:
            kept_out.append(step)
        else:
            grants.append(step)
        leftover += [_step(unit, other, known[other]) for other in sorted(present - {email})]
    return Plan(tuple(grants), tuple(kept_out), tuple(faulty), tuple(leftover), right, without)


def apply(
    session: Session, organisation_id: int, wanted: Plan, *, withdraw: bool, actor: str
) -> list[Person]:
    """Add the people and give the roles; with ``withdraw`` take the leftover ones away too.

    Returns the people who were added.
    """
    added_by_email: dict[str, Person] = {}
    for step in wanted.grants:
        if step.person is not None:
            person = people.get(session, organisation_id, step.person)
        elif step.email in added_by_email:
            person = added_by_email[step.email]
        else:
            person = added_by_email[step.email] = people.create_person(
                session, organisation_id, name=step.name, email=step.email, actor=actor
            )
        people.grant(session, person, "manager", unit=step.unit, actor=actor)
    if withdraw:
        for step in wanted.leftover:
            if step.person is not None:
                person = people.get(session, organisation_id, step.person)
                people.withdraw(session, person, "manager", unit=step.unit, actor=actor)
    return list(added_by_email.values())


def units_named(
    session: Session, organisation_id: int, names: Iterable[str]
) -> tuple[list[str], list[str]]:
    """(codes of the units that are meant, what means none or several), in the order given.

    A unit is meant by its code, or by its name when only one has it; the case of letters is no
    matter.
    """
    rows = session.execute(
        sa.select(Unit.code, Unit.name).where(Unit.organisation_id == organisation_id)
    ).all()
    by_code = {code.lower(): code for code, _ in rows}
    by_name: dict[str, list[str]] = {}
    for code, name in rows:
        by_name.setdefault(" ".join(name.lower().split()), []).append(code)
    codes, unknown = [], []
    for text in names:
        plain = " ".join(text.lower().split())
        if not plain:
            continue
        alike = by_name.get(plain, [])
        if plain in by_code:
            codes.append(by_code[plain])
        elif len(alike) == 1:
            codes.append(alike[0])
        else:
            unknown.append(text.strip())
    return list(dict.fromkeys(codes)), unknown


def name_from(email: str) -> str:
    """A name to begin with: "kari.nordmann-lie@…" is Kari Nordmann-Lie; people correct it."""
    local = re.sub(r"[\d\W_]+$", "", email.partition("@")[0].partition("+")[0])
    words = [word for word in re.split(r"[._]+", local) if word]
    name = " ".join("-".join(part.capitalize() for part in word.split("-")) for word in words)
    return name or email


def _step(unit: Unit, email: str, person: Person | None) -> Step:
    name = person.name if person is not None else name_from(email)
    return Step(unit.code, unit.name, email, name, None if person is None else person.id)


def _leading(session: Session, organisation_id: int) -> dict[int, set[str]]:
    rows = session.execute(
        sa.select(Grant.unit_id, Person.email)
        .join(
            Person,
            sa.and_(Person.organisation_id == Grant.organisation_id, Person.id == Grant.person_id),
        )
        .where(Grant.organisation_id == organisation_id, Grant.role == "manager")
    )
    leaders: dict[int, set[str]] = {}
    for unit_id, email in rows:
        if unit_id is not None:
            leaders.setdefault(unit_id, set()).add(email)
    return leaders
