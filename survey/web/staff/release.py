"""What each unit will show, before results are released; and the same of what was released."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Conflict, say
from survey.core.services import services
from survey.jobs import tasks
from survey.jobs.models import Task
from survey.operations import retention
from survey.release import look, read
from survey.release.close import expired, unreleased_before
from survey.release.look import Look, UnitLook
from survey.study.models import Wave
from survey.web.staff.common import WAVE, wave_of
from survey.web.staff.reports import to_task
from survey.web.staff.views import of_wave

bp = Blueprint("staff_release", __name__)

SHOWN = ("all", "full", "shares", "index", "none", "merged")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a unit, or (``others``) those who are counted together in its area."""

    unit: UnitLook
    others: bool = False

    @property
    def level(self) -> int:
        """Depth in the tree, as far as it is drawn."""
        return min(self.unit.level + self.others, 3)

    @property
    def kind(self) -> str:
        """What the filter calls it."""
        if self.others:
            return "index"
        return "merged" if self.unit.merged_into else self.unit.tier


@bp.get(WAVE + "/frigi")
@access("staff")
def show(org: str, study: str, ordinal: int) -> str:
    """What each unit will show, computed when the wave was closed."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        if wave.state != "closed":
            raise Conflict(say("wave_not_closed_for_look", state=wave.state))
        work = [
            task
            for task in of_wave(session, stored_study, wave)
            if task.kind in ("close", "release")
        ]
        before = unreleased_before(session, wave)
        gone = wave.id in expired(session, who.organisation_id)
        overview = None if gone else look.look(session, who.organisation_id, wave.id)
    failed = next((task for task in _newest(work) if task.state == "failed"), None)
    return render_template(
        "staff/release.html",
        study=stored_study,
        wave=wave,
        look=overview,
        rows=_asked(overview) if overview else [],
        running=next((w for w in work if w.state in tasks.OPEN_STATES), None),
        failed=failed,
        fault=failed is not None and tasks.waits_for_people(failed),
        before=before,
        gone=gone,
        deadline=_deadline(wave),
        **_filter(),
        menu="staff",
    )


@bp.post(WAVE + "/frigi")
@access("staff")
def release(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Have the results released, in the background."""
    return _order(org, study, ordinal, "release")


@bp.post(WAVE + "/frigi/regn-ut")
@access("staff")
def compute(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Open the answers if that was not done, and compute what is to be looked at."""
    return _order(org, study, ordinal, "close")


@bp.get(WAVE + "/vises")
@access("staff")
def shown(org: str, study: str, ordinal: int) -> str:
    """What each unit shows in a release."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        stored = read.latest(session, who.organisation_id, stored_study.id, ordinal)
        overview = look.of_release(session, who.organisation_id, stored)
    return render_template(
        "staff/shown.html",
        study=stored_study,
        wave=wave,
        look=overview,
        rows=_asked(overview),
        **_filter(),
        menu="staff",
    )


@bp.get(WAVE + "/skjult")
@access("staff")
def hidden(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Where the page was while single values could be hidden."""
    return redirect(url_for("staff_release.shown", org=org, study=study, ordinal=ordinal), 301)


def _rows(units: Iterable[UnitLook]) -> list[Row]:
    """The units in their order, with a line for an area's own block under the area."""
    rows = []
    for unit in units:
        rows.append(Row(unit))
        if unit.others is not None:
            rows.append(Row(unit, others=True))
    return rows


def _order(org: str, study: str, ordinal: int, kind: str) -> ResponseReturnValue:
    who = guard.principal()
    with services().db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        if wave.state != "closed":
            raise Conflict(say("wave_in_other_state", state=wave.state))
        waiting = unreleased_before(session, wave) if kind == "release" else []
        if waiting:
            raise Conflict(
                say("earlier_waves_of_study_must_be_released_first", waiting=", ".join(waiting))
            )
        payload = {"wave_id": wave.id}
        task = tasks.enqueue_once(session, who.organisation_id, kind, payload, who.actor)
    return to_task(org, study, ordinal, task)


def _newest(work: list[Task]) -> list[Task]:
    """Those that were ordered last: times are kept to the second, so there may be several."""
    return [task for task in work if task.created_at == work[0].created_at]


def _deadline(wave: Wave) -> datetime | None:
    """When retention deletes the answers of a wave that nobody releases."""
    return retention.answers_kept_until(services().settings, wave)


def _filter() -> dict[str, str]:
    wanted = request.args.get("vis", "all")
    return {
        "shown": wanted if wanted in SHOWN else "all",
        "asked": request.args.get("navn", "").strip()[:100],
    }


def _asked(overview: Look) -> list[Row]:
    """The lines that the reader asked for."""
    wanted = _filter()
    return [
        row
        for row in _rows(overview.units)
        if wanted["asked"].casefold() in row.unit.name.casefold()
        and wanted["shown"] in ("all", row.kind)
    ]
