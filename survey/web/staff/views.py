"""What innovation staff see: studies, a wave's participation and its moves, results and reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.access.principal import Principal
from survey.errors import Conflict, NotFound
from survey.instrument.library import Library
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.organisation import units
from survey.release import read
from survey.release.read import StoredRelease
from survey.study import clock, participation, signing, studies, waves
from survey.study.models import Study, Wave
from survey.upkeep import files
from survey.upkeep.services import services
from survey.web import catalogue

bp = Blueprint("staff", __name__)

NEXT_MOVE = {"draft": "open", "open": "close", "closed": "close"}
"""The move that a wave in this state waits for; a closed one waits for its release."""


@dataclass(frozen=True, slots=True)
class ParticipationRow:
    """A unit of the participation table; ``level`` is its depth in the tree, from 0."""

    level: int
    row: participation.Participation


@bp.app_template_filter("moment")
def moment(value: datetime | None) -> str:
    """A time for people, in Norwegian time and the page's language; '' for none."""
    return "" if value is None else clock.format_local(value, catalogue.language())


@bp.get("/stab/<org>")
@access("staff")
def overview(org: str) -> str:
    """The organisation's studies with their waves, and the way to its units."""
    who = guard.principal()
    with services().db.reading() as session:
        found = studies.studies(session, who.organisation_id)
        listed = [(study, waves.waves(session, study)) for study in found]
        count = len(units.tree(session, who.organisation_id))
    return render_template("staff/overview.html", studies=listed, units=count, menu="staff")


@bp.get("/stab/<org>/undersokelse/<study>")
@access("staff")
def show_study(org: str, study: str) -> str:
    """A study: its settings and its waves."""
    who = guard.principal()
    with services().db.reading() as session:
        found = studies.study_by_code(session, who.organisation_id, study)
        listed = waves.waves(session, found)
    return render_template("staff/study.html", study=found, waves=listed, menu="staff")


@bp.get("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>")
@access("staff")
def show_wave(org: str, study: str, ordinal: int) -> str:
    """A wave: who has answered (small units masked), its next move, its results."""
    who = guard.principal()
    with services().db.reading() as session:
        found, wave = _wave(session, who, study, ordinal)
        rows = participation.participation(session, wave)
        release = _release(session, found, wave)
        running = _tasks(session, who.organisation_id, found, wave)
    return render_template(
        "staff/wave.html",
        study=found,
        wave=wave,
        rows=_levels(rows),
        top=[row for row in rows if row.parent_code is None],
        release=release,
        tasks=running,
        move=NEXT_MOVE.get(wave.state),
        menu="staff",
    )


@bp.get("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/<any(apne, lukk):move>")
@access("staff")
def confirm(org: str, study: str, ordinal: int, move: str) -> str:
    """What opening or closing a wave means, before it is done: neither can be undone."""
    who = guard.principal()
    with services().db.reading() as session:
        found, wave = _wave(session, who, study, ordinal)
        rows = participation.participation(session, wave) if wave.state != "draft" else []
    expected = {"apne": ("draft",), "lukk": ("open", "closed")}[move]
    if wave.state not in expected:
        raise Conflict(f"The wave is {wave.state}.")
    return render_template(
        "staff/confirm.html",
        study=found,
        wave=wave,
        move=move,
        top=[row for row in rows if row.parent_code is None],
        menu="staff",
    )


@bp.post("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/apne")
@access("staff")
def open_wave(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Open a draft."""
    who = guard.principal()
    library = Library(services().settings.instrument_dir)
    signing.make_ready(
        services().db, services().keys, lambda session: _wave(session, who, study, ordinal)[1]
    )
    with services().db.transaction() as session:
        _, wave = _wave(session, who, study, ordinal)
        waves.open_wave(session, services().keys, library, wave, actor=who.actor)
    return redirect(
        url_for(".show_wave", org=org, study=study, ordinal=ordinal, gjort="apnet"), 303
    )


@bp.post("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/lukk")
@access("staff")
def close_wave(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Have the wave closed and its release made, in the background: many answers take a while."""
    who = guard.principal()
    with services().db.transaction() as session:
        _, wave = _wave(session, who, study, ordinal)
        if wave.state not in ("open", "closed"):
            raise Conflict(f"The wave is {wave.state}; only an open wave can be closed.")
        task = tasks.enqueue_once(
            session, who.organisation_id, "release", {"wave_id": wave.id}, who.actor
        )
    return _to_task(org, study, ordinal, task)


@bp.post("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/rapporter")
@access("staff")
def make_reports(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Have all units' PDFs made, in one language."""
    who = guard.principal()
    with services().db.transaction() as session:
        found, wave = _wave(session, who, study, ordinal)
        language = request.form.get("language", "")
        if language not in found.languages:
            raise NotFound("The study has no such language.")
        if wave.state != "released":
            raise Conflict("Nothing has been released yet.")
        payload = {"study": found.code, "languages": [language], "ordinal": wave.ordinal}
        task = tasks.enqueue_once(session, who.organisation_id, "unit_reports", payload, who.actor)
    return _to_task(org, study, ordinal, task)


@bp.get("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/arbeid/<int:task>")
@access("staff")
def show_task(org: str, study: str, ordinal: int, task: int) -> str:
    """How far a piece of background work is."""
    who = guard.principal()
    with services().db.reading() as session:
        found, wave = _wave(session, who, study, ordinal)
        work = tasks.get(session, who.organisation_id, task)
    return render_template("staff/task.html", study=found, wave=wave, task=work, menu="staff")


@bp.post("/stab/<org>/undersokelse/<study>/maling/<int:ordinal>/arbeid/<int:task>/avbryt")
@access("staff")
def cancel_task(org: str, study: str, ordinal: int, task: int) -> ResponseReturnValue:
    """Stop a piece of background work."""
    who = guard.principal()
    with services().db.transaction() as session:
        work = tasks.cancel(session, who.organisation_id, task)
    return _to_task(org, study, ordinal, work)


@bp.get("/stab/<org>/arbeid/<int:task>/fil")
@access("staff")
def download(org: str, task: int) -> ResponseReturnValue:
    """The file that a piece of background work has made."""
    who = guard.principal()
    with services().db.reading() as session:
        work = tasks.get(session, who.organisation_id, task)
    path, name, media_type = files.result_of(services().settings, work)
    response = send_file(path, mimetype=media_type, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _wave(session: Session, who: Principal, study: str, ordinal: int) -> tuple[Study, Wave]:
    found = studies.study_by_code(session, who.organisation_id, study)
    return found, waves.wave_by_ordinal(session, found, ordinal)


def _release(session: Session, study: Study, wave: Wave) -> StoredRelease | None:
    if wave.state != "released":
        return None
    return read.latest(session, study.organisation_id, study.id, wave.ordinal)


def _tasks(session: Session, organisation_id: int, study: Study, wave: Wave) -> list[Task]:
    """The wave's background work, newest first."""
    reports = {"study": study.code, "ordinal": wave.ordinal}
    return [
        task
        for task in tasks.listing(session, organisation_id)
        if task.payload.get("wave_id") == wave.id
        or (task.kind == "unit_reports" and reports.items() <= task.payload.items())
    ]


def _levels(rows: list[participation.Participation]) -> list[ParticipationRow]:
    depth: dict[str, int] = {}
    found = []
    for row in rows:
        depth[row.code] = 0 if row.parent_code is None else depth[row.parent_code] + 1
        found.append(ParticipationRow(min(depth[row.code], 3), row))
    return found


def _to_task(org: str, study: str, ordinal: int, task: Task) -> ResponseReturnValue:
    address = url_for(".show_task", org=org, study=study, ordinal=ordinal, task=task.id)
    return redirect(address, 303)
