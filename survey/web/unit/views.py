"""What unit managers see: their units, a unit's results, its numbers as CSV, its report as PDF."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard, unit_access
from survey.access.guard import access
from survey.access.principal import Principal
from survey.core.errors import NotFound
from survey.core.services import services
from survey.followup import overview, reminders
from survey.instrument.model import Instrument
from survey.instrument.parts import pick
from survey.release import moderation, read
from survey.release.document import ReleaseHeader, WaveFacts
from survey.release.read import StoredUnit
from survey.reports.common.model import Chart
from survey.reports.unit.report import FreeText, charts_for, dashboard, drawing
from survey.study import studies
from survey.web import catalogue
from survey.web.base import look
from survey.web.unit import pdf
from survey.web.unit.selection import ROLES, Selection, chosen

bp = Blueprint("unit", __name__)

PHONE = 328
"""Width in CSS pixels of the charts that phones show."""

PAGE = 560
"""Width of the charts on a page: half of a wide screen's."""

NARROWEST, WIDEST = 260, 1000
"""Widths between which an interactive chart may be asked for."""

PLOTLY = "vendor/plotly-basic.min.js"


@dataclass(frozen=True, slots=True)
class OwnResult:
    """One unit in the latest release of one study, for the list."""

    study: str
    study_name: str
    wave: WaveFacts
    published: bool
    reminded: bool
    """Eight weeks have passed since the release, and no action is agreed."""


@dataclass(frozen=True, slots=True)
class OwnUnit:
    """A unit that the reader may open."""

    code: str
    name: str
    closed: bool
    results: tuple[OwnResult, ...]


@bp.get("/enhet")
@access("signed_in")
def mine() -> ResponseReturnValue:
    """The reader's own units with the latest released wave; staff go to their own pages."""
    who = guard.principal()
    if "staff" in who.roles and not who.units:
        return redirect(url_for("staff.overview", org=who.organisation_code), 303)
    with services().db.reading() as session:
        units = _own_units(session, who)
    return render_template("unit/mine.html", units=units, menu="units")


@bp.get("/enhet/<org>/<study>/<unit>")
@access("manager_of_unit")
def show(org: str, study: str, unit: str) -> str:
    """The dashboard of a unit in one wave (``?wave=``, else the latest released one)."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_unit, waves = _stored(session, who, study, unit)
        texts = _free_text(session, who, stored_unit)
        known = overview.of_unit(session, who.organisation_id, stored_unit)
    spoken = _content_language(stored_unit.header)
    selected = _selected(stored_unit)
    narrow = charts_for(stored_unit.header, selected.unit, spoken, PHONE, known)
    view = dashboard(stored_unit.header, selected.unit, spoken, texts, PAGE, known)
    return render_template(
        "unit/dashboard.html",
        view=view,
        sections={section.id: section for section in view.sections},
        narrow={chart.id: drawing(chart) for chart in narrow},
        selected=selected,
        plotly=PLOTLY if look.built(PLOTLY) else "",
        spoken=spoken,
        known=known,
        titles=_titles(stored_unit.header, spoken),
        unit=stored_unit.unit.unit,
        wave=stored_unit.header.wave,
        waves=waves,
        org=org,
        study=study,
        printing="utskrift" in request.args,
        menu="staff" if "staff" in who.roles and not who.units else "units",
    )


@bp.get("/enhet/<org>/<study>/<unit>/tall/<chart>.csv")
@access("manager_of_unit")
def numbers(org: str, study: str, unit: str, chart: str) -> Response:
    """The numbers of one chart, as spreadsheets read them."""
    stored_unit, charts = _charts(study, unit, PAGE)
    text = next((candidate.table.csv() for candidate in charts if candidate.id == chart), None)
    if text is None:
        raise NotFound("no_such_chart")
    name = f"{_ascii(unit)}-{stored_unit.header.wave.ordinal}-{chart}.csv"
    # Excel takes a file without a byte order mark for Windows' own character set.
    return Response(
        ("\ufeff" + text).encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.get("/enhet/<org>/<study>/<unit>/figurer.json")
@access("manager_of_unit")
def figures(org: str, study: str, unit: str) -> Response:
    """The charts as Plotly figures, ``?bredde=`` CSS pixels wide: for drawing them interactively.

    The same figures, numbers and choices as on the page.
    """
    asked = request.args.get("bredde", "")
    width = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else PAGE
    _, charts = _charts(study, unit, min(max(width, NARROWEST), WIDEST))
    return jsonify({chart.id: chart.spec for chart in charts})


@bp.get("/enhet/<org>/<study>/<unit>/rapport.pdf")
@access("manager_of_unit")
def report(org: str, study: str, unit: str) -> Response:
    """The unit's report as PDF, in the page's language."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_unit, _ = _stored(session, who, study, unit)
        texts = _free_text(session, who, stored_unit)
        known = overview.of_unit(session, who.organisation_id, stored_unit)
    spoken = _content_language(stored_unit.header)
    content = pdf.report(services().settings.data_dir, stored_unit, spoken, texts, known)
    name = f"{_ascii(unit)}-{stored_unit.header.wave.ordinal}-{spoken}.pdf"
    return Response(
        content,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _own_units(session: Session, who: Principal) -> list[OwnUnit]:
    results: dict[str, list[OwnResult]] = {}
    for study in studies.studies(session, who.organisation_id):
        try:
            latest = read.latest(session, who.organisation_id, study.id)
        except NotFound:
            continue
        header = latest.header
        reminded = reminders.unanswered(session, who.organisation_id, latest.wave_id)
        for entry in header.units:
            published, waiting = entry.tier != "none", entry.code in reminded
            result = OwnResult(study.code, study.name, header.wave, published, waiting)
            results.setdefault(entry.code, []).append(result)
    return [
        OwnUnit(unit.code, unit.name, unit.closed_at is not None, tuple(results.get(unit.code, ())))
        for unit in unit_access.own_units(session, who)
        if unit.closed_at is None or unit.code in results
    ]


def _stored(
    session: Session, who: Principal, study: str, unit: str
) -> tuple[StoredUnit, list[WaveFacts]]:
    """The unit's result in the wave asked for, and the released waves to choose from."""
    asked = request.args.get("wave", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) <= 4):
        raise NotFound("no_such_wave")
    wanted = int(asked) if asked else None
    stored_study = studies.study_by_code(session, who.organisation_id, study)
    stored = read.unit_document(session, who.organisation_id, stored_study.id, unit, wanted)
    released = read.releases(session, who.organisation_id, stored_study.id)
    # A unit that was made or given another code since has no page in the waves before.
    waves = [
        release.header.wave
        for release in released
        if any(e.code == unit for e in release.header.units)
    ]
    return stored, waves


def _charts(study: str, unit: str, width: int) -> tuple[StoredUnit, tuple[Chart, ...]]:
    """The unit and its charts as the address chose them."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_unit, _ = _stored(session, who, study, unit)
        known = overview.of_unit(session, who.organisation_id, stored_unit)
    spoken = _content_language(stored_unit.header)
    return stored_unit, charts_for(
        stored_unit.header, _selected(stored_unit).unit, spoken, width, known
    )


def _selected(stored_unit: StoredUnit) -> Selection:
    t = catalogue.translator(catalogue.language())
    names = {role: t(f"unit.against_{role}") for role in ROLES}
    return chosen(stored_unit.unit, request.args, names)


def _free_text(session: Session, who: Principal, stored: StoredUnit) -> FreeText:
    """What moderators have released of the unit's comments and words."""
    texts = moderation.released_texts(
        session, who.organisation_id, stored.wave_id, stored.unit.unit.code
    )
    return FreeText(texts.comments, texts.words)


def _content_language(header: ReleaseHeader) -> str:
    """The page's language when the study has it, else the study's first."""
    wanted = catalogue.language()
    return wanted if wanted in header.languages else header.languages[0]


def _titles(header: ReleaseHeader, language: str) -> dict[str, str]:
    """The dimensions' titles by id."""
    instrument = Instrument.from_dict(header.instrument)
    return {dimension.id: pick(dimension.title, language) for dimension in instrument.dimensions}


def _ascii(code: str) -> str:
    """A unit's code as part of a file name in a header."""
    return code.encode("ascii", "replace").decode().replace("?", "_")
