"""What innovation staff see first: what waits for them, their studies, a study and its waves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.core import languages, local_time
from survey.core.services import services
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.operations import staff_tasks
from survey.organisation import units
from survey.release import look, read
from survey.release.look import Look
from survey.study import history, participation, studies, waves
from survey.study.closing import is_early
from survey.study.models import Study, Wave
from survey.study.participation import STEP, UnitParticipation
from survey.web import catalogue
from survey.web.staff.common import STUDY, WAVE, address_of, library, wave_of

bp = Blueprint("staff", __name__)

LOW = 50
"""Per cent of the invited below which participation is called low."""
SORTS = ("tree", "name", "low", "high")
SHOWN = ("all", "low", "few")


@dataclass(frozen=True, slots=True)
class ParticipationRow:
    """A unit of the participation table; ``level`` is its depth in the tree, from 0; ``share`` is
    how many per cent have answered at least, None where nothing was counted."""

    level: int
    row: UnitParticipation
    share: int | None

    @property
    def low(self) -> bool:
        """True for a unit of which few have answered, however its count was rounded."""
        if self.row.answered is None or self.row.summed:
            return False
        return 100 * (self.row.answered + STEP - 1) < LOW * self.row.invited


@bp.app_template_filter("moment")
def moment(value: datetime | None) -> str:
    """A time for people, in Norwegian time and the page's language; '' for none."""
    return "" if value is None else local_time.format_local(value, catalogue.language())


@bp.app_template_filter("near")
def near(value: datetime) -> str:
    """A time with its day in words where that is yesterday, today or tomorrow in Norway."""
    day = {-1: "yesterday_at", 0: "today_at", 1: "tomorrow_at"}.get(days_until(value))
    if day is None:
        return moment(value)
    local = value.astimezone(local_time.ZONE)
    return catalogue.text(f"waves.{day}", catalogue.language(), time=f"{local:%H:%M}")


@bp.app_template_filter("days_until")
def days_until(value: datetime) -> int:
    """Whole days from today's date in Norway to the date of ``value``; below 0 in the past."""
    today = local_time.today()
    return (value.astimezone(local_time.ZONE).date() - today).days


@bp.app_template_filter("language")
def language(code: str) -> str:
    """A language's own name."""
    return languages.NAMES.get(code, code)


@bp.get("/stab/<org>")
@access("staff")
def overview(org: str) -> str:
    """What waits for somebody, and the organisation's studies with their waves."""
    who = guard.principal()
    with services().db.reading() as session:
        all_studies = studies.studies(session, who.organisation_id)
        listed = [(study, waves.waves(session, study)) for study in all_studies]
        count = len(units.tree(session, who.organisation_id))
        waiting = staff_tasks.todo(session, who.organisation_id)
    return render_template(
        "staff/overview.html", studies=listed, units=count, waiting=waiting, menu="staff"
    )


@bp.get(STUDY)
@access("staff")
def show_study(org: str, study: str) -> str:
    """A study: its settings and its waves on a time line."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study = studies.study_by_code(session, who.organisation_id, study)
        listed = waves.waves(session, stored_study)
        waiting = [
            item
            for item in staff_tasks.todo(session, who.organisation_id)
            if item.study.id == stored_study.id
        ]
    lines = library()
    known = stored_study.instrument_id in lines.lines()
    return render_template(
        "staff/study.html",
        study=stored_study,
        waves=listed,
        waiting=waiting,
        instrument=lines.get(stored_study.instrument_id) if known else None,
        menu="staff",
    )


@bp.get(WAVE)
@access("staff")
def show_wave(org: str, study: str, ordinal: int) -> str:
    """A wave: how many have answered by the last daily count, its next move, its results."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        counts = participation.participation(session, wave)
        rows = _rows(counts.units)
        released = _look(session, stored_study, wave)
        running = of_wave(session, stored_study, wave)
        moves = history.moves(session, wave)
        invited = sum(line.row.invited for line in rows if line.row.parent_code is None)
    sort = request.args.get("sorter", "tree")
    shown = request.args.get("vis", "all")
    asked = request.args.get("navn", "").strip()[:100]
    return render_template(
        "staff/wave.html",
        study=stored_study,
        wave=wave,
        counts=counts,
        rows=_asked(rows, sort, shown, asked),
        all_rows=rows,
        names={line.row.code: line.row.name for line in rows},
        sort=sort if sort in SORTS else "tree",
        shown=shown if shown in SHOWN else "all",
        asked=asked,
        low=LOW,
        invited=invited,
        look=released,
        tasks=running,
        busy=_busy(running),
        moves=moves,
        early=is_early(wave),
        invitations=address_of("staff_invitations.show", org=org, study=study, ordinal=ordinal),
        menu="staff",
    )


def of_wave(session: Session, study: Study, wave: Wave) -> list[Task]:
    """The wave's background work, newest first."""
    reports = {"study": study.code, "ordinal": wave.ordinal}
    return [
        task
        for task in tasks.listing(session, study.organisation_id, limit=200)
        if task.payload.get("wave_id") == wave.id
        or (task.kind == "unit_reports" and reports.items() <= task.payload.items())
    ]


def _busy(running: list[Task]) -> Task | None:
    """The task that closes or releases the wave now."""
    return next(
        (
            task
            for task in running
            if task.kind in ("close", "release") and task.state in tasks.OPEN_STATES
        ),
        None,
    )


def _look(session: Session, study: Study, wave: Wave) -> Look | None:
    """What each unit shows, once the wave is released."""
    if wave.state != "released":
        return None
    stored = read.latest(session, study.organisation_id, study.id, wave.ordinal)
    return look.of_release(session, study.organisation_id, stored)


def _rows(rows: list[UnitParticipation]) -> list[ParticipationRow]:
    depth: dict[str, int] = {}
    lines = []
    for row in rows:
        depth[row.code] = 0 if row.parent_code is None else depth[row.parent_code] + 1
        share = None
        if row.answered is not None and row.invited:
            share = 100 * row.answered // row.invited
        lines.append(ParticipationRow(min(depth[row.code], 3), row, share))
    return lines


def _asked(
    rows: list[ParticipationRow], sort: str, shown: str, asked: str
) -> list[ParticipationRow]:
    """The rows that the reader asked for, in the order asked for; what has no count comes last."""
    lines = [
        line
        for line in rows
        if asked.casefold() in line.row.name.casefold()
        and (shown != "low" or line.low)
        and (shown != "few" or (line.row.few and not line.row.summed))
    ]
    if sort == "name":
        return sorted(lines, key=lambda line: (line.row.name.casefold(), line.row.code))
    if sort in ("low", "high"):
        sign = 1 if sort == "low" else -1
        return sorted(lines, key=lambda line: (line.share is None, sign * (line.share or 0)))
    return lines
