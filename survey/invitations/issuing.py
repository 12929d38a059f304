"""Invitations: one code per employment, made by count per unit, derived, and handed out once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.csv_files import csv_file
from survey.core.db import now
from survey.core.errors import Conflict, Fault, InvalidInput, say
from survey.core.keystore import KeyStore
from survey.core.secret import Secret
from survey.invitations.code_delivery import not_left, require_leaving
from survey.invitations.codes import code_hash, derive, short_hash
from survey.organisation.models import Unit
from survey.study.freezing import Merged, merge, snapshot_units, too_small, wave_units
from survey.study.models import Invitation, Wave, WaveUnit
from survey.study.waves import lock, study_of

MOST_PER_UNIT = 20_000
LONGEST_REASON = 300
CODE_COLUMNS = ("unit_code", "unit_name", "link", "short_code")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Created:
    """How many invitations were made, and which units are counted in a neighbour now."""

    invitations: int
    merged: tuple[Merged, ...]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code to hand out. ``keys_digest`` is to be printed with it: the SHA-256 of the file of
    public keys ('' in the ordinary mode)."""

    unit_code: str
    unit_name: str
    link: str
    short: str
    keys_digest: str = ""


def create_invitations(
    session: Session,
    secret: Secret,
    keys: KeyStore,
    wave: Wave,
    counts_per_unit: Mapping[str, int] | None = None,
    *,
    reason: str = "",
    actor: str = "cli",
) -> Created:
    """Make invitations for a draft or an open wave: unit code → how many (default: headcounts).

    More can be added while it is open, as long as no unit is then counted with fewer than k.
    A unit gets more codes than it has employees only for a stated ``reason`` (at most 300
    characters, nobody named in it: the event log keeps it for ever, once for each such unit).
    Raises InvalidInput with every fault, Conflict when the wave takes none.
    """
    lock(session, wave)
    if wave.source == "import":
        raise Conflict("imported_wave_invites_nobody")
    if wave.state not in ("draft", "open"):
        raise Conflict(say("wave_takes_no_invitations", state=wave.state))
    rows = snapshot_units(session, wave) if wave.state == "draft" else wave_units(session, wave)
    first = not any(row.invited for row in rows)
    if counts_per_unit is None and not first:
        raise Conflict("people_invited_already")
    counts = _headcounts(rows) if counts_per_unit is None else _counts(rows, counts_per_unit)
    beyond = _beyond_headcount(session, rows, counts)
    reason = _refuse_beyond(beyond, reason)
    for row in rows:
        row.invited += counts.get(row.code, 0)
    session.flush()
    merged: list[Merged] = []
    if wave.state == "draft" or first:  # nobody can have answered: units may still be merged
        merged = merge(session, wave, study_of(session, wave).k)
    _refuse_small(session, wave, rows)
    if wave.state == "draft":
        keys.create(wave.id)
    insert_codes(session, secret, keys.code_key(wave.id), rows, counts)
    total = sum(counts.values())
    details = {"count": total, "units": sum(1 for count in counts.values() if count)}
    record(session, wave.organisation_id, actor, "invitations.created", f"wave:{wave.id}", details)
    _tell_beyond(session, wave, beyond, reason, actor)
    return Created(total, tuple(merged))


def export_codes(
    session: Session, keys: KeyStore, wave: Wave, base_url: str = "", *, actor: str = "cli"
) -> list[CodeRow]:
    """Return the codes that have not left yet, by unit, and mark them as handed out.

    Each code leaves once: what is called twice, or before there are invitations, raises Conflict.
    A code that goes by mail is not among them, unless the mail server refused the address.
    KeyLost when the code key is gone. Write the rows down before the transaction ends.
    """
    lock(session, wave)
    require_leaving(session, wave)
    waiting = not_left(wave)
    ids = session.execute(sa.select(Invitation.unit_id, Invitation.id).where(waiting)).all()
    if not ids and wave.codes_exported_at is not None:
        raise Conflict("codes_exported_already")
    if not ids:
        raise Conflict("are_no_invitations_to_this_wave_yet")
    units = {row.unit_id: row for row in wave_units(session, wave)}
    code_key = keys.code_key(wave.id)
    rows = []
    for unit_id, invitation_id in sorted(ids, key=lambda pair: (units[pair[0]].code, pair[1])):
        code = derive(code_key, invitation_id)
        unit = units[unit_id]
        link = f"{base_url}/s/{code.link}"
        rows.append(CodeRow(unit.code, unit.name, link, code.short, wave.keys_digest or ""))
    session.execute(
        sa.update(Invitation)
        .where(waiting)
        .values(exported=True)
        .execution_options(synchronize_session=False)
    )
    wave.codes_exported_at = now()
    session.flush()
    details = {"count": len(rows)}
    record(session, wave.organisation_id, actor, "codes.exported", f"wave:{wave.id}", details)
    return rows


def codes_file(rows: Iterable[CodeRow]) -> bytes:
    """Return the exported codes as a CSV file; in the cryptographic mode with the keys' digest."""
    table = [(row.unit_code, row.unit_name, row.link, row.short, row.keys_digest) for row in rows]
    if any(row[-1] for row in table):
        return csv_file((*CODE_COLUMNS, "keys_digest"), table)
    return csv_file(CODE_COLUMNS, (row[:-1] for row in table))


def _headcounts(rows: list[WaveUnit]) -> dict[str, int]:
    """One invitation per employee; a unit with others below it may leave its headcount out."""
    parents = {row.parent_id for row in rows}
    faults = [
        Fault(say("unit", code=row.code), "no_headcount", "import_one_or_name_how_many_to_invite")
        for row in rows
        if row.headcount is None and row.unit_id not in parents
    ]
    counts = {row.code: row.headcount or 0 for row in rows}
    faults += _faults_of_total(counts)
    if faults:
        raise InvalidInput("invitations_not_made", faults)
    return counts


def _counts(rows: list[WaveUnit], wanted: Mapping[str, int]) -> dict[str, int]:
    known = {row.code for row in rows}
    faults = []
    for code, count in wanted.items():
        if code not in known:
            faults.append(Fault(say("unit", code=code), "does_not_belong_to_this_wave"))
        if not 0 <= count <= MOST_PER_UNIT:
            faults.append(
                Fault(
                    say("unit", code=code),
                    say("not_from_0_to", count=count, most_per_unit=MOST_PER_UNIT),
                )
            )
    faults += _faults_of_total(wanted)
    if faults:
        raise InvalidInput("invitations_not_made", faults)
    return dict(wanted)


def _faults_of_total(counts: Mapping[str, int]) -> Iterator[Fault]:
    if not any(counts.values()):
        yield Fault("", "nobody_would_be_invited", "name_how_many_in_at_least_one_unit")


def _beyond_headcount(
    session: Session, rows: list[WaveUnit], counts: Mapping[str, int]
) -> dict[WaveUnit, int]:
    """Units that would now have more codes than employees, and how many these are.

    Whoever keeps a code that was meant for nobody answers as several, and subtracts himself from
    what is shown of the others. Who was employed after the wave opened counts, once imported.
    """
    asked = [row for row in rows if counts.get(row.code)]
    headcounts = session.execute(
        sa.select(Unit.id, Unit.headcount).where(
            Unit.organisation_id == rows[0].organisation_id,
            Unit.id.in_([row.unit_id for row in asked]),
        )
    )
    today = {unit_id: headcount for unit_id, headcount in headcounts}  # noqa: C416 - rows, not pairs
    known = {
        row: max(heads)
        for row in asked
        if (heads := [n for n in (row.headcount, today.get(row.unit_id)) if n is not None])
    }
    return {row: n for row, n in known.items() if row.invited + counts[row.code] > n}


def _tell_beyond(
    session: Session, wave: Wave, beyond: Mapping[WaveUnit, int], reason: str, actor: str
) -> None:
    """One event for each unit that has more codes than employees."""
    for row, headcount in beyond.items():
        over = {
            "unit": row.code,
            "headcount": headcount,
            "invited": row.invited,
            "reason": reason,
        }
        action, subject = "invitations.beyond_headcount", f"wave:{wave.id}"
        record(session, wave.organisation_id, actor, action, subject, over)


def _refuse_beyond(beyond: Mapping[WaveUnit, int], reason: str) -> str:
    """The reason as it is kept; raises InvalidInput when one is needed and there is none."""
    plain_reason = " ".join(reason.split())
    faults = [
        Fault(
            say("unit", code=row.code),
            say("more_codes_than_headcount", headcount=headcount),
            "correct_headcount_or_state_reason",
        )
        for row, headcount in beyond.items()
        if not plain_reason
    ]
    if len(plain_reason) > LONGEST_REASON:
        faults.append(Fault("reason", say("longer_than_characters", longest_reason=LONGEST_REASON)))
    if faults:
        raise InvalidInput("invitations_not_made", faults)
    return plain_reason


def _refuse_small(session: Session, wave: Wave, rows: list[WaveUnit]) -> None:
    k = study_of(session, wave).k
    name = {row.unit_id: f"{row.code} {row.name}" for row in rows}
    faults = [
        Fault(
            say("unit", code=row.code),
            say("too_few_invited", total=total, k=k),
            say(
                "invite_at_least_more_or_invite_them_in",
                total=k - total,
                row=name[row.parent_id] if row.parent_id is not None else "the unit above",
            ),
        )
        for row, total in too_small(rows, k)
    ]
    if faults:
        raise InvalidInput("units_too_small_to_protect", faults)


def insert_codes(
    session: Session,
    secret: Secret,
    code_key: bytes,
    rows: list[WaveUnit],
    counts: Mapping[str, int],
) -> None:
    """Store hashes only, under random ids and in their order: nothing tells who was first."""
    drawn: dict[bytes, dict[str, object]] = {}
    for row in rows:
        for _ in range(counts.get(row.code, 0)):
            short, values = _new_code(secret, code_key, row)
            while short in drawn:
                short, values = _new_code(secret, code_key, row)
            drawn[short] = values
    for taken in _taken(session, list(drawn)):
        old = drawn.pop(taken)
        row = next(row for row in rows if row.unit_id == old["unit_id"])
        short, values = _new_code(secret, code_key, row)
        drawn[short] = values
    values_list = sorted(drawn.values(), key=lambda values: str(values["id"]))
    for start in range(0, len(values_list), _BATCH):
        session.execute(sa.insert(Invitation), values_list[start : start + _BATCH])


def _new_code(secret: Secret, code_key: bytes, row: WaveUnit) -> tuple[bytes, dict[str, object]]:
    """A new invitation of a unit. Short codes have 45 bits: two may fall together."""
    invitation_id = uuid.uuid4()
    code = derive(code_key, invitation_id)
    short = short_hash(secret, code.short)
    return short, {
        "organisation_id": row.organisation_id,
        "id": invitation_id,
        "wave_id": row.wave_id,
        "unit_id": row.unit_id,
        "code_hash": code_hash(secret, code.link),
        "short_hash": short,
        "exported": False,
        "spent": False,
    }


def unused_code(
    session: Session, secret: Secret, code_key: bytes, row: WaveUnit
) -> dict[str, object]:
    """The columns of a new invitation of a unit, with a short code that no other has."""
    short, values = _new_code(secret, code_key, row)
    while _taken(session, [short]):
        short, values = _new_code(secret, code_key, row)
    return values


def _taken(session: Session, hashes: list[bytes]) -> list[bytes]:
    """Those of the hashes that an invitation of any wave has."""
    taken: list[bytes] = []
    for start in range(0, len(hashes), _BATCH):
        batch = hashes[start : start + _BATCH]
        taken += session.scalars(
            sa.select(Invitation.short_hash).where(Invitation.short_hash.in_(batch))
        )
    return [bytes(taken_hash) for taken_hash in taken]
