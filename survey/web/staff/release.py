"""What will be hidden, before results are released; and the log of it afterwards."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.errors import Conflict
from survey.jobs import tasks
from survey.organisation.writing import csv_file
from survey.release import preview, read
from survey.release.close import expired, unreleased_before
from survey.release.preview import UnitPreview
from survey.study.models import Wave
from survey.study.slugs import slug
from survey.upkeep import retention
from survey.upkeep.services import services
from survey.web import catalogue
from survey.web.staff.common import WAVE, wave_of
from survey.web.staff.reports import to_task
from survey.web.staff.views import of_wave

bp = Blueprint("staff_release", __name__)


@bp.get(WAVE + "/frigi")
@access("staff")
def show(org: str, study: str, ordinal: int) -> str:
    """What each unit will show and what not, counted when the wave was closed."""
    who = guard.principal()
    with services().db.reading() as session:
        found, wave = wave_of(session, who, study, ordinal)
        if wave.state != "closed":
            raise Conflict(f"The wave is {wave.state}; its release is looked at once it is closed.")
        work = [each for each in of_wave(session, found, wave) if each.kind in ("close", "release")]
        before = unreleased_before(session, wave)
        gone = wave.id in expired(session, who.organisation_id)
    looked = next((w for w in work if w.state == "done" and "preview" in (w.result or {})), None)
    running = next((w for w in work if w.state in tasks.OPEN_STATES), None)
    made = preview.from_plain((looked.result or {})["preview"]) if looked else None
    return render_template(
        "staff/release.html",
        study=found,
        wave=wave,
        preview=made,
        rows=_shown(made.units if made else ()),
        running=running,
        failed=next((each for each in work[:1] if each.state == "failed"), None),
        before=before,
        gone=gone,
        deadline=_deadline(wave),
        **_filter(),
        menu="staff",
    )


@bp.post(WAVE + "/frigi")
@access("staff")
def release(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Have the release made, in the background."""
    return _order(org, study, ordinal, "release")


@bp.post(WAVE + "/frigi/regn-ut")
@access("staff")
def compute(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Open the answers if that was not done, and count what will be hidden."""
    return _order(org, study, ordinal, "close")


@bp.get(WAVE + "/skjult")
@access("staff")
def hidden(org: str, study: str, ordinal: int) -> str:
    """The log of a release: how much is hidden in each unit."""
    who = guard.principal()
    with services().db.reading() as session:
        found, wave = wave_of(session, who, study, ordinal)
        stored = read.latest(session, who.organisation_id, found.id, ordinal)
        made = preview.of_release(session, who.organisation_id, stored)
    return render_template(
        "staff/hidden.html",
        study=found,
        wave=wave,
        preview=made,
        rows=_shown(made.units),
        **_filter(),
        menu="staff",
    )


@bp.get(WAVE + "/skjult.csv")
@access("staff")
def hidden_csv(org: str, study: str, ordinal: int) -> Response:
    """The same, line by line: unit, statistic, reason."""
    who = guard.principal()
    with services().db.reading() as session:
        found, wave = wave_of(session, who, study, ordinal)
        stored = read.latest(session, who.organisation_id, found.id, ordinal)
        lines = read.hidden_log(session, who.organisation_id, stored.id)
    names = {unit.code: unit.name for unit in stored.header.units}
    t = catalogue.translator(catalogue.language())
    columns = [t(f"release.{name}").lower() for name in ("code", "unit", "statistic", "reason")]
    rows = [
        (each.code, names.get(each.code, ""), each.statistic, t(f"release.why_{each.reason}"))
        for each in lines
    ]
    name = "_".join(filter(None, [slug(found.name, 40), slug(wave.label, 40), t("release.file")]))
    return Response(
        csv_file(columns, rows),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _order(org: str, study: str, ordinal: int, kind: str) -> ResponseReturnValue:
    who = guard.principal()
    with services().db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        if wave.state != "closed":
            raise Conflict(f"The wave is {wave.state}.")
        waiting = unreleased_before(session, wave) if kind == "release" else []
        if waiting:
            raise Conflict(
                "Earlier waves of the study must be released first: " + ", ".join(waiting) + "."
            )
        payload = {"wave_id": wave.id}
        task = tasks.enqueue_once(session, who.organisation_id, kind, payload, who.actor)
    return to_task(org, study, ordinal, task)


def _deadline(wave: Wave) -> datetime | None:
    """When retention deletes the answers of a wave that nobody releases."""
    return retention.answers_kept_until(services().settings, wave)


def _filter() -> dict[str, str]:
    shown = request.args.get("vis", "all")
    return {
        "shown": shown if shown in ("all", "none", "some", "merged") else "all",
        "asked": request.args.get("navn", "").strip()[:100],
    }


def _shown(units: tuple[UnitPreview, ...]) -> list[UnitPreview]:
    """The units that the reader asked for."""
    wanted = _filter()
    return [
        unit
        for unit in units
        if wanted["asked"].casefold() in unit.name.casefold() and _is(unit, wanted["shown"])
    ]


def _is(unit: UnitPreview, shown: str) -> bool:
    return {
        "none": unit.tier == "none" and not unit.merged_into,
        "some": unit.tier != "none" and unit.lines > 0,
        "merged": bool(unit.merged_into),
    }.get(shown, True)
