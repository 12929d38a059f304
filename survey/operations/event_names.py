"""The event log for people: what the names in it stand for today, and which belong to a study.

Events hold ids only. A person, a study or a key that is gone has no name any more; its events stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import people_queries
from survey.access.models import ApiKey
from survey.audit.models import Event
from survey.organisation.models import Organisation
from survey.release.models import Release
from survey.study.models import Study, Wave

LIMIT = 500
"""People whom a search by name may mean."""


@dataclass(frozen=True, slots=True)
class Name:
    """What stands behind ``wave:7``: its kind, a name for people ('' when it is gone), and for
    waves and releases the number of the wave."""

    kind: str
    label: str = ""
    ordinal: int | None = None


def names(session: Session, organisation_id: int, events: Iterable[Event]) -> dict[str, Name]:
    """``kind:id`` → name, of every actor and subject of the events."""
    mentioned = {reference for event in events for reference in (event.actor, event.subject)}
    ids: dict[str, set[int]] = {}
    for reference in mentioned:
        kind, _, number = reference.partition(":")
        if number.isdigit():
            ids.setdefault(kind, set()).add(int(number))
    known: dict[tuple[str, int], Name] = {}
    people = people_queries.names(session, organisation_id, ids.get("person", ()))
    known |= {("person", key): Name("person", label) for key, label in people.items()}
    known |= _plain(session, organisation_id, "study", Study, ids.get("study", set()))
    known |= _plain(session, organisation_id, "key", ApiKey, ids.get("key", set()))
    known |= _waves(session, organisation_id, ids.get("wave", set()))
    known |= _releases(session, organisation_id, ids.get("release", set()))
    home = session.get(Organisation, organisation_id)
    if home is not None:
        known["organisation", organisation_id] = Name("organisation", home.name)
    return {reference: _named(reference, known) for reference in mentioned}


def of_study(session: Session, study: Study) -> set[str]:
    """Every name under which events of a study may stand: itself, its waves and its releases."""
    own = (Wave.organisation_id == study.organisation_id, Wave.study_id == study.id)
    waves = session.scalars(sa.select(Wave.id).where(*own))
    releases = session.scalars(
        sa.select(Release.id).where(
            Release.organisation_id == study.organisation_id, Release.study_id == study.id
        )
    )
    return {
        f"study:{study.id}",
        *(f"wave:{wave_id}" for wave_id in waves),
        *(f"release:{release_id}" for release_id in releases),
    }


def people_called(session: Session, organisation_id: int, text: str) -> set[str]:
    """``person:<id>`` of everybody whose name, address or unit contains the text."""
    people, _ = people_queries.search(session, organisation_id, text=text, limit=LIMIT)
    return {f"person:{person.id}" for person in people}


def _named(reference: str, known: dict[tuple[str, int], Name]) -> Name:
    kind, _, number = reference.partition(":")
    if number.isdigit() and (kind, int(number)) in known:
        return known[kind, int(number)]
    return Name(kind)


def _plain(
    session: Session,
    organisation_id: int,
    kind: str,
    model: type[Study] | type[ApiKey],
    ids: set[int],
) -> dict[tuple[str, int], Name]:
    rows = session.execute(
        sa.select(model.id, model.name).where(
            model.organisation_id == organisation_id, model.id.in_(ids)
        )
    )
    return {(kind, key): Name(kind, label) for key, label in rows}


def _waves(session: Session, organisation_id: int, ids: set[int]) -> dict[tuple[str, int], Name]:
    rows = session.execute(
        sa.select(Wave.id, Study.name, Wave.ordinal)
        .join(
            Study,
            sa.and_(Study.organisation_id == Wave.organisation_id, Study.id == Wave.study_id),
        )
        .where(Wave.organisation_id == organisation_id, Wave.id.in_(ids))
    )
    return {("wave", key): Name("wave", label, ordinal) for key, label, ordinal in rows}


def _releases(session: Session, organisation_id: int, ids: set[int]) -> dict[tuple[str, int], Name]:
    rows = session.execute(
        sa.select(Release.id, Study.name, Wave.ordinal)
        .join(
            Study,
            sa.and_(Study.organisation_id == Release.organisation_id, Study.id == Release.study_id),
        )
        .join(
            Wave,
            sa.and_(Wave.organisation_id == Release.organisation_id, Wave.id == Release.wave_id),
        )
        .where(Release.organisation_id == organisation_id, Release.id.in_(ids))
    )
    return {("release", key): Name("release", label, ordinal) for key, label, ordinal in rows}
