"""The demo municipality: invented people who answer through the normal code paths.

Everything comes from a seed and goes the way that real data go: an organisation file is imported,
a study is made, waves are opened, codes are derived, answers are sealed, waves are closed and
released. No result is ever written directly. Only dates are moved back, so that the three finished
waves do not all lie on the day the demo was made.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.access import people
from survey.answering.intake import submit
from survey.core.db import now
from survey.core.errors import Conflict, NotFound
from survey.core.services import Services
from survey.demo.people import Crowd, People
from survey.instrument.library import Library
from survey.invitations import codes, issuing
from survey.organisation import imports, rows, units
from survey.release.close import close_wave, make_release
from survey.study import waves
from survey.study.daily_count import keep_daily_counts
from survey.study.models import Invitation, Study, Wave
from survey.study.participation import latest_hour
from survey.study.studies import create_study

ORGANISATION = "fjordvik"
STUDY = "innovasjonskultur"
STAFF = "innovasjon@fjordvik.example.no"
MANAGER = "leder@fjordvik.example.no"
MANAGED_UNIT = "h01"
BATCH = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """One wave of the demo: which organisation file, when (days ago), how many answer."""

    phase: str
    label: str
    units_file: str
    opened: int
    closed: int
    share: float


PLANS = (
    Plan("before", "Før", "units-1.csv", 620, 606, 0.78),
    Plan("during", "Underveis", "units-2.csv", 318, 304, 0.74),
    Plan("after", "Etter", "units-2.csv", 40, 26, 0.76),
    Plan("after", "Ett år etter", "units-2.csv", 3, -60, 0.25),
)


def exists(parts: Services) -> bool:
    """True when the demo municipality is there."""
    with parts.db.reading() as session:
        return any(one.code == ORGANISATION for one in units.organisations(session))


def build(
    parts: Services, seed: int = 2026, say: Callable[[str], None] = lambda _text: None
) -> None:
    """Build the municipality, three released waves and a fourth that is open.

    Raises Conflict when it exists already.
    """
    if exists(parts):
        raise Conflict("demo_municipality_exists_already")
    library = Library(parts.settings.instrument_dir)
    with parts.db.transaction() as session:
        organisation = units.create_organisation(session, ORGANISATION, "Fjordvik kommune")
        _import(session, organisation.id, PLANS[0].units_file)
        _create_people(session, organisation.id)
        study = create_study(
            session,
            library,
            organisation.id,
            code=STUDY,
            name="Innovasjonskultur i Fjordvik",
            instrument=library.lines()[0],
        )
    crowd = Crowd(seed)
    for number, plan in enumerate(PLANS):
        say(f"Wave {number + 1} of {len(PLANS)}: {plan.label}")
        _carry_out(parts, library, study, plan, crowd.of_wave(number))


def employee_code(parts: Services) -> str:
    """A code of the open wave that nobody has used; NotFound when there is none."""
    with parts.db.reading() as session:
        organisation = units.organisation_by_code(session, ORGANISATION)
        row = session.execute(
            sa.select(Invitation.id, Invitation.wave_id)
            .join(
                Wave,
                sa.and_(
                    Wave.organisation_id == Invitation.organisation_id,
                    Wave.id == Invitation.wave_id,
                ),
            )
            .where(
                Invitation.organisation_id == organisation.id,
                Wave.state == "open",
                Invitation.spent.is_(False),
            )
            .order_by(Invitation.id)
            .limit(1)
        ).first()
    if row is None:
        raise NotFound("no_unused_code")
    return codes.derive(parts.keys.code_key(row.wave_id), row.id).link


def _carry_out(parts: Services, library: Library, study: Study, plan: Plan, crowd: People) -> None:
    with parts.db.transaction() as session:
        _import(session, study.organisation_id, plan.units_file)
        closes_at = now() + timedelta(days=-plan.closed) if plan.closed < 0 else None
        wave = waves.create_wave(
            session,
            study,
            phase=plan.phase,
            label=plan.label,
            closes_at=closes_at,
            release_after_close=closes_at is None,
        )
        issuing.create_invitations(session, parts.secret, parts.keys, wave)
        waves.open_wave(session, parts.keys, library, wave)
        handed_out = issuing.export_codes(session, parts.keys, wave)
        wave.opened_at = now() - timedelta(days=plan.opened)
    sheets = crowd.answers(
        library.get(study.instrument_id),
        [(row.unit_code, row.short) for row in handed_out],
        plan.share,
    )
    _send(parts, list(sheets), crowd)
    if plan.closed < 0:
        with parts.db.transaction() as session:
            keep_daily_counts(session, latest_hour(now()))
        return
    close_wave(parts.db, parts.keys, wave.organisation_id, wave.id)
    with parts.db.transaction() as session:
        closed = session.get_one(Wave, (wave.organisation_id, wave.id))
        closed.closed_at = now() - timedelta(days=plan.closed)
    make_release(parts.db, parts.keys, wave.organisation_id, wave.id)


def _send(parts: Services, sheets: Sequence[tuple[str, dict[str, object]]], crowd: People) -> None:
    """Many people's answers in one transaction; each as the form would send it."""
    for start in range(0, len(sheets), BATCH):
        with parts.db.transaction() as session:
            for code, answers in sheets[start : start + BATCH]:
                submission = str(uuid.UUID(bytes=crowd.random_bytes()))
                submit(session, parts.secret, code, submission, answers)


def _import(session: Session, organisation_id: int, name: str) -> None:
    raw = (resources.files("survey.demo") / "data" / name).read_bytes()
    planned = imports.plan(session, organisation_id, rows.read_csv(raw))
    imports.apply(session, organisation_id, planned)


def _create_people(session: Session, organisation_id: int) -> None:
    staff = people.create_person(
        session, organisation_id, name="Innovasjonsstaben", email=STAFF, actor="cli"
    )
    people.grant(session, staff, "staff", actor="cli")
    manager = people.create_person(
        session, organisation_id, name="Leder for Fjordgløtt", email=MANAGER, actor="cli"
    )
    people.grant(session, manager, "manager", actor="cli", unit=MANAGED_UNIT)
