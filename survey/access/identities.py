"""Who a person is at an OpenID provider.

A person is found by what was bound before (issuer and subject, which never change there), else once
by an e-mail address that counts as verified, which binds it. Nobody is ever added this way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import people
from survey.access.models import Identity, Person
from survey.audit import log
from survey.core.db import now
from survey.core.errors import Conflict
from survey.organisation.models import Organisation


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of who signed in there, after everything was checked.

    ``email`` is None unless it counts as verified. ``organisations`` are the codes of those that
    the provider may vouch for; empty means every one.
    """

    provider: str
    issuer: str
    subject: str
    email: str | None
    organisations: Collection[str] = ()
    strong: bool = False


def find(session: Session, vouched: Vouched) -> Person | None:
    """The person behind what a provider said; binds them when found by e-mail. In a transaction.

    None when nobody is found, is kept out, or is bound to another account there.
    """
    homes = _homes(session, vouched)
    bound = session.scalars(
        sa.select(Person)
        .join(
            Identity,
            sa.and_(
                Identity.organisation_id == Person.organisation_id,
                Identity.person_id == Person.id,
            ),
        )
        .where(Identity.issuer == vouched.issuer, Identity.subject == vouched.subject)
        .order_by(Person.created_at, Person.organisation_id)
    ).all()
    for person in bound:
        if person.active and (homes is None or person.organisation_id in homes):
            return person
    if bound or vouched.email is None:
        return None
    for person in people.with_email(session, vouched.email):
        if not person.active or (homes is not None and person.organisation_id not in homes):
            continue
        if _at(session, person, vouched.issuer) is not None:
            continue  # another account there was bound: an address that was handed on finds nobody
        bind(session, person, vouched)
        return person
    return None


def bind(session: Session, person: Person, vouched: Vouched) -> None:
    """Bind a person to an account at a provider; binding the same again changes nothing.

    Raises Conflict when the account is another person's here, or the person has another account
    there, or the provider may not vouch for the person's organisation.
    """
    homes = _homes(session, vouched)
    if homes is not None and person.organisation_id not in homes:
        raise Conflict("this_provider_does_not_vouch_for_your_organisation")
    key = (person.organisation_id, vouched.issuer, vouched.subject)
    present = session.get(Identity, key)
    if present is not None and present.person_id == person.id:
        return
    if present is not None or _at(session, person, vouched.issuer) is not None:
        raise Conflict("that_account_or_another_one_is_connected_already")
    session.add(
        Identity(
            organisation_id=person.organisation_id,
            issuer=vouched.issuer,
            subject=vouched.subject,
            person_id=person.id,
            created_at=now(),
        )
    )
    session.flush()
    subject = f"person:{person.id}"
    details = {"provider": vouched.provider}
    log.record(session, person.organisation_id, subject, "identity.bound", subject, details)


def of_person(session: Session, person: Person) -> dict[str, datetime]:
    """Issuer → since when, of every account that is connected to a person."""
    rows = session.execute(
        sa.select(Identity.issuer, Identity.created_at).where(
            Identity.organisation_id == person.organisation_id, Identity.person_id == person.id
        )
    )
    return {row.issuer: row.created_at for row in rows}


def release(session: Session, person: Person, issuer: str, provider: str, *, actor: str) -> bool:
    """Disconnect a person's account at a provider; False when there was none."""
    row = _at(session, person, issuer)
    if row is None:
        return False
    session.delete(row)
    session.flush()
    subject = f"person:{person.id}"
    details = {"provider": provider}
    log.record(session, person.organisation_id, actor, "identity.released", subject, details)
    return True


def _homes(session: Session, vouched: Vouched) -> set[int] | None:
    if not vouched.organisations:
        return None
    codes = list(vouched.organisations)
    return set(session.scalars(sa.select(Organisation.id).where(Organisation.code.in_(codes))))


def _at(session: Session, person: Person, issuer: str) -> Identity | None:
    return session.scalar(
        sa.select(Identity).where(
            Identity.organisation_id == person.organisation_id,
            Identity.person_id == person.id,
            Identity.issuer == issuer,
        )
    )
