"""Codes on paper: letters, slips, posters, the list of codes, and new codes for lost letters."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey.access import guard
from survey.access.guard import access
from survey.access.principal import Principal
from survey.core.errors import Conflict, InvalidInput, Message, NotFound, say
from survey.core.languages import LANGUAGES
from survey.core.services import services
from survey.invitations import code_delivery, replacing
from survey.invitations.issuing import codes_file, export_codes
from survey.invitations.replacing import Replaced
from survey.operations import paper_invitations
from survey.operations.paper_invitations import FindWave, Order
from survey.reports.paper.letters import CONTACT_LIMIT
from survey.study.freezing import wave_units
from survey.study.models import Wave, WaveUnit
from survey.web import catalogue
from survey.web.staff.common import wave_of
from survey.web.staff.invitations import PAGE, back

bp = Blueprint("staff_letters", __name__)

WAYS = {"brev": "letters", "lapper": "slips"}


@bp.get(PAGE + "/brev")
@access("staff")
def confirm_letters(org: str, study: str, ordinal: int) -> str:
    """Which letters, and that their codes leave once."""
    return _page(study, ordinal, "letters")


@bp.post(PAGE + "/brev")
@access("staff")
def print_letters(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """The letters, as a PDF or a ZIP of them."""
    return _print(study, ordinal, "letters")


@bp.get(PAGE + "/lapper")
@access("staff")
def confirm_slips(org: str, study: str, ordinal: int) -> str:
    """Which slips, and that their codes leave once."""
    return _page(study, ordinal, "slips")


@bp.post(PAGE + "/lapper")
@access("staff")
def print_slips(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """The slips, as a PDF or a ZIP of them."""
    return _print(study, ordinal, "slips")


@bp.get(PAGE + "/plakat")
@access("staff")
def choose_poster(org: str, study: str, ordinal: int) -> str:
    """For which unit, and in which language."""
    return _page(study, ordinal, "poster")


@bp.get(PAGE + "/plakat.pdf")
@access("staff")
def poster(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """The poster. It holds no code, so it can be fetched as often as wanted."""
    find = _finder(guard.principal(), study, ordinal)
    language = request.args.get("language", catalogue.language())
    unit = request.args.get("unit") or None
    contact = request.args.get("contact", "")
    pdf = paper_invitations.poster(services(), find, language, unit, contact)
    return _attachment(pdf, "plakat.pdf", "application/pdf")


@bp.get(PAGE + "/koder")
@access("staff")
def confirm_codes(org: str, study: str, ordinal: int) -> str:
    """What the list of codes is, and that it leaves once."""
    return _page(study, ordinal, "codes")


@bp.post(PAGE + "/koder")
@access("staff")
def export(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """The codes that have not left yet, as a CSV file."""
    who, parts = guard.principal(), services()
    with parts.db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        rows = export_codes(session, parts.keys, wave, parts.settings.base_url, actor=who.actor)
        content = codes_file(rows)
    return _attachment(content, "koder.csv", "text/csv; charset=utf-8")


@bp.get(PAGE + "/ny-kode")
@access("staff")
def confirm_replacing(org: str, study: str, ordinal: int) -> str:
    """The three ways to a new code."""
    return _replacing_page(study, ordinal)


@bp.post(PAGE + "/ny-kode/kjent")
@access("staff")
def replace_known(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Revoke the code that was typed and make another."""
    typed = request.form.get("typed", "")[:200]
    return _replace(org, study, ordinal, "typed", typed)


@bp.post(PAGE + "/ny-kode/ukjent")
@access("staff")
def replace_unknown(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Give a unit one code besides a lost one."""
    return _replace(org, study, ordinal, "unit", request.form.get("unit", "")[:64])


@bp.post(PAGE + "/ny-kode/enhet")
@access("staff")
def renew(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Revoke all codes of a unit that have left and make them anew."""
    return _replace(org, study, ordinal, "whole", request.form.get("whole", "")[:64])


def _replace(org: str, study: str, ordinal: int, field: str, value: str) -> ResponseReturnValue:
    try:
        with services().db.transaction() as session:
            _, wave = wave_of(session, guard.principal(), study, ordinal)
            replacement = _replaced(session, wave, field, value)
    except (InvalidInput, NotFound, Conflict) as error:
        # What was typed is not shown again: it is a code.
        fault = "reason" if isinstance(error, InvalidInput) else field
        status = 409 if isinstance(error, Conflict) else 422
        return _replacing_page(study, ordinal, fault, error.message), status
    return back(org, study, ordinal, "erstattet", replacement.count)


def _replaced(session: Session, wave: Wave, field: str, value: str) -> Replaced:
    parts, actor = services(), guard.principal().actor
    place = (session, parts.secret, parts.keys, wave)
    reason = request.form.get("reason", "")
    if field == "typed":
        return replacing.replace_known(*place, value, reason=reason, actor=actor)
    if field == "unit":
        return replacing.replace_unknown(*place, value, reason=reason, actor=actor)
    return replacing.renew_unit(*place, value, actor=actor)


def _print(study: str, ordinal: int, way: str) -> ResponseReturnValue:
    """Hand codes out on paper. The first part is made before the answer begins, so that what is
    wrong becomes a page and not half a file."""
    who, parts = guard.principal(), services()
    find = _finder(who, study, ordinal)
    order = Order(
        way,
        request.form.get("language", ""),
        request.form.get("unit") or None,
        request.form.get("contact", ""),
    )
    try:
        with parts.db.reading() as session:
            counts = paper_invitations.expected(session, find(session), order)
    except InvalidInput as error:
        return _page(study, ordinal, way, [fault.field for fault in error.faults]), 422
    documents = paper_invitations.hand_out(parts, find, order, _keep_nothing, actor=who.actor)
    first = next(documents, None)
    if first is None:
        raise Conflict("codes_just_taken")
    if paper_invitations.parts_of(counts) == 1:
        return _attachment(first.pdf, first.name, "application/pdf")
    name = {"letters": "brev", "slips": "lapper"}[way]
    archive = paper_invitations.zipped(first, documents, counts)
    return _attachment(archive, f"{name}.zip", "application/zip")


def _keep_nothing(_name: str, _pdf: bytes) -> None:
    """What is handed out here goes to the browser and nowhere else."""


def _page(study: str, ordinal: int, act: str, wrong: Sequence[str] = ()) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
        if act != "poster":
            code_delivery.require_leaving(session, wave)
        waiting = code_delivery.waiting(session, wave)
        units = _by_name(wave_units(session, wave))
    return render_template(
        "invitations/paper.html",
        study=stored_study,
        wave=wave,
        act=act,
        units=units if act == "poster" else [unit for unit in units if unit.code in waiting],
        waiting=waiting,
        spoken=[code for code in LANGUAGES if code in stored_study.languages],
        given=request.form,
        wrong=[
            (name, catalogue.text(f"invitations.fault_{name}", catalogue.language()))
            for name in wrong
        ],
        at_fault=wrong,
        reply_to=services().settings.mail_reply_to,
        longest=CONTACT_LIMIT,
        menu="staff",
    )


def _replacing_page(study: str, ordinal: int, wrong: str = "", said: Message | None = None) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
        if wave.source == "import" or wave.state not in ("draft", "open"):
            raise Conflict(say("wave_takes_no_new_codes", state=wave.state))
        rows = wave_units(session, wave)
        rooms = replacing.rooms(rows)
    return render_template(
        "invitations/replace.html",
        study=stored_study,
        wave=wave,
        units=[row for row in _by_name(rows) if row.invited],
        rooms=rooms,
        reasons=replacing.REASONS,
        wrong=wrong,
        said=said,
        chosen=request.form,
        menu="staff",
    )


def _by_name(rows: Sequence[WaveUnit]) -> list[WaveUnit]:
    return sorted(rows, key=lambda row: (row.name.casefold(), row.code))


def _finder(who: Principal, study: str, ordinal: int) -> FindWave:
    def find(session: Session) -> Wave:
        return wave_of(session, who, study, ordinal)[1]

    return find


def _attachment(content: object, name: str, media_type: str) -> Response:
    """A file for the browser alone: kept by no cache on the way, and nowhere here."""
    response = Response(content, content_type=media_type)  # type: ignore[arg-type]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
