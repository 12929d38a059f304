"""Inviting people to a wave: how many or by which addresses, and the mails to them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.core.csv_files import SIZE_LIMIT
from survey.core.db import now
from survey.core.errors import Conflict, Fault, InvalidInput, TooLarge, say
from survey.core.services import services
from survey.invitations import addresses, mailings, status
from survey.invitations.addresses import Added
from survey.invitations.issuing import LONGEST_REASON, create_invitations
from survey.invitations.status import Place
from survey.web.staff.common import WAVE, wave_of

bp = Blueprint("staff_invitations", __name__)

PAGE = WAVE + "/invitasjoner"
_SHOWN_FAULTS = 100
_FORM = 1024 * 1024
"""A form with a number for each of some thousand units."""


class _NotYet(Exception):
    """Takes a transaction back whose outcome was only to be looked at."""


@bp.get(PAGE)
@access("staff")
def show(org: str, study: str, ordinal: int) -> str:
    """Who is invited by which way, what has left, and what can be done next."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        rows = status.overview(session, wave)
        standing = mailings.reminders(session, wave)
    return render_template(
        "invitations/show.html",
        study=stored_study,
        wave=wave,
        rows=rows,
        total=_totals(rows),
        reminders=standing,
        mail_works=bool(services().settings.smtp_host),
        done=request.args.get("gjort", ""),
        number=_number(request.args.get("antall", "")),
        menu="staff",
    )


@bp.get(PAGE + "/antall")
@access("staff")
def counts(org: str, study: str, ordinal: int) -> str:
    """The form with a number for each unit; headcounts stand in it when nobody is invited yet."""
    places = _places(study, ordinal)
    first = not any(place.people for place in places)
    texts = {place.code: str(place.headcount or 0) if first else "" for place in places}
    return _counts_page(study, ordinal, places, texts)


@bp.post(PAGE + "/antall/fil")
@access("staff", max_body=SIZE_LIMIT + 4096)
def counts_file(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """The same form, with the numbers of a file in it. Invites nobody."""
    places = _places(study, ordinal)
    empty = {place.code: "" for place in places}
    sent = request.files.get("file")
    try:
        numbers = status.read_counts(sent.read() if sent is not None else b"")
    except (InvalidInput, TooLarge) as error:
        return _counts_page(study, ordinal, places, empty, _faults(error), "file"), 422
    strange = [
        Fault(say("unit", code=code), "does_not_belong_to_this_wave")
        for code in numbers
        if code not in empty
    ]
    if strange:
        return _counts_page(study, ordinal, places, empty, strange, "file"), 422
    texts = {code: str(numbers.get(code, 0)) for code in empty}
    return _counts_page(study, ordinal, places, texts)


@bp.post(PAGE + "/antall")
@access("staff", max_body=_FORM)
def invite(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Make the codes, or show the form with every fault."""
    who, parts = guard.principal(), services()
    places = _places(study, ordinal)
    texts = {place.code: request.form.get(f"unit-{place.code}", "").strip() for place in places}
    wanted = {code: status.whole(text) for code, text in texts.items()}
    faults = [
        Fault(say("unit", code=code), say("no_number_of_people", text=texts[code][:20]))
        for code, count in wanted.items()
        if count is None
    ]
    if faults:
        return _counts_page(study, ordinal, places, texts, faults), 422
    try:
        with parts.db.transaction() as session:
            _, wave = wave_of(session, who, study, ordinal)
            outcome = create_invitations(
                session,
                parts.secret,
                parts.keys,
                wave,
                {code: count for code, count in wanted.items() if count},
                reason=request.form.get("reason", ""),
                actor=who.actor,
            )
    except InvalidInput as error:
        return _counts_page(study, ordinal, places, texts, _faults(error)), 422
    return back(org, study, ordinal, "invitert", outcome.invitations)


@bp.get(PAGE + "/epost", endpoint="addresses")
@access("staff")
def show_addresses(org: str, study: str, ordinal: int) -> str:
    """The form for a file of addresses."""
    return _addresses_page(study, ordinal)


@bp.post(PAGE + "/epost/forhandsvis")
@access("staff", max_body=SIZE_LIMIT + 4096)
def preview(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """What a file of addresses would do. Stores nothing: not an address, not a code."""
    sent = request.files.get("file")
    raw = sent.read() if sent is not None else b""
    reason = request.form.get("reason", "")
    try:
        added = _add(study, ordinal, raw, reason, keep=False)
    except (InvalidInput, TooLarge) as error:
        return _addresses_page(study, ordinal, _faults(error)), 422
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
    return render_template(
        "invitations/preview.html",
        study=stored_study,
        wave=wave,
        added=added,
        content=base64.b64encode(raw).decode(),
        reason=reason,
        menu="staff",
    )


@bp.post(PAGE + "/epost/innfor")
@access("staff", max_body=2 * SIZE_LIMIT)
def add(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Invite the people of the file that was looked at."""
    try:
        raw = base64.b64decode(request.form.get("content", ""), validate=True)
    except binascii.Error as error:
        raise InvalidInput("file_did_not_arrive_whole_choose_it_again") from error
    try:
        added = _add(study, ordinal, raw, request.form.get("reason", ""), keep=True)
    except InvalidInput as error:  # the wave has changed since the file was looked at
        return _addresses_page(study, ordinal, _faults(error)), 422
    return back(org, study, ordinal, "adresser", added.contacts)


@bp.get(PAGE + "/send")
@access("staff")
def confirm_send(org: str, study: str, ordinal: int) -> str:
    """What sending means, before the mails leave."""
    return _confirm(study, ordinal, "send")


@bp.post(PAGE + "/send")
@access("staff")
def send(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Queue the invitation mails."""
    who = guard.principal()
    with services().db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        count = mailings.send_invitations(session, wave, who.actor)
    return back(org, study, ordinal, "sendt", count)


@bp.get(PAGE + "/paminn")
@access("staff")
def confirm_remind(org: str, study: str, ordinal: int) -> str:
    """Who gets a reminder, and that nobody is told who did."""
    return _confirm(study, ordinal, "remind")


@bp.post(PAGE + "/paminn")
@access("staff")
def remind(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Queue a reminder."""
    who = guard.principal()
    with services().db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        mailings.send_reminders(session, wave, who.actor)
    return back(org, study, ordinal, "paminnet")


@bp.get(PAGE + "/glem")
@access("staff")
def confirm_forget(org: str, study: str, ordinal: int) -> str:
    """What forgetting addresses means: their codes go out on paper."""
    return _confirm(study, ordinal, "forget")


@bp.post(PAGE + "/glem")
@access("staff")
def forget(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Forget the addresses that no mail has left to."""
    who = guard.principal()
    with services().db.transaction() as session:
        _, wave = wave_of(session, who, study, ordinal)
        count = addresses.drop_unsent(session, wave, actor=who.actor)
    return back(org, study, ordinal, "glemt", count)


def back(org: str, study: str, ordinal: int, done: str, count: int = 0) -> ResponseReturnValue:
    """To the page of invitations, which says what was done."""
    address = url_for(
        "staff_invitations.show", org=org, study=study, ordinal=ordinal, gjort=done, antall=count
    )
    return redirect(address, 303)


def _add(study: str, ordinal: int, raw: bytes, reason: str, *, keep: bool) -> Added:
    """Invite the people of a file; without ``keep`` all of it is taken back."""
    who, parts = guard.principal(), services()
    rows = addresses.read_contacts(raw)
    outcome: list[Added] = []
    try:
        with parts.db.transaction() as session:
            _, wave = wave_of(session, who, study, ordinal)
            outcome.append(
                addresses.add_contacts(
                    session, parts.secret, parts.keys, wave, rows, reason=reason, actor=who.actor
                )
            )
            if not keep:
                raise _NotYet
    except _NotYet:
        pass
    return outcome[0]


def _places(study: str, ordinal: int) -> list[Place]:
    with services().db.reading() as session:
        _, wave = wave_of(session, guard.principal(), study, ordinal)
        return status.places(session, wave)


def _counts_page(
    study: str,
    ordinal: int,
    places: Sequence[Place],
    texts: Mapping[str, str],
    faults: Sequence[Fault] = (),
    field: str = "",
) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
    _require_inviting(wave.state, wave.source)
    return render_template(
        "invitations/counts.html",
        study=stored_study,
        wave=wave,
        places=places,
        given=texts,
        reason=request.form.get("reason", ""),
        longest=LONGEST_REASON,
        faults=[(_field(fault, texts, field), fault) for fault in faults[:_SHOWN_FAULTS]],
        at_fault={fault.value("code") for fault in faults},
        menu="staff",
    )


def _addresses_page(study: str, ordinal: int, faults: Sequence[Fault] = ()) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
    _require_inviting(wave.state, wave.source)
    return render_template(
        "invitations/addresses.html",
        study=stored_study,
        wave=wave,
        reason=request.form.get("reason", ""),
        longest=LONGEST_REASON,
        faults=faults[:_SHOWN_FAULTS],
        mail_works=bool(services().settings.smtp_host),
        more=max(len(faults) - _SHOWN_FAULTS, 0),
        menu="staff",
    )


def _confirm(study: str, ordinal: int, act: str) -> str:
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, guard.principal(), study, ordinal)
        standing = mailings.reminders(session, wave)
    return render_template(
        "invitations/confirm.html",
        study=stored_study,
        wave=wave,
        act=act,
        may=act != "remind" or (standing.next_at is not None and standing.next_at <= now()),
        reminders=standing,
        menu="staff",
    )


def _require_inviting(state: str, source: str) -> None:
    if source == "import" or state not in ("draft", "open"):
        raise Conflict(say("wave_takes_no_invitations", state=state))


def _totals(rows: Sequence[status.UnitInvited]) -> dict[str, int]:
    """Sums over all units; of mails only what no count of a small unit follows from."""
    return {
        "people": sum(row.people for row in rows),
        "mailed": sum(row.mailed for row in rows),
        "spare": sum(row.spare for row in rows),
        "left": sum(row.left for row in rows),
        "waiting": sum(row.waiting for row in rows),
        "trouble": sum(1 for row in rows if row.delivery and row.delivery.trouble),
    }


def _field(fault: Fault, texts: Mapping[str, str], field: str) -> str:
    """The id of the field that a fault belongs to."""
    if fault.where == "reason":
        return "reason"
    code = fault.value("code")
    return f"unit-{code}" if code in texts and not field else field or "form"


def _faults(error: InvalidInput | TooLarge) -> Sequence[Fault]:
    return error.faults or (Fault("", error.message),)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
