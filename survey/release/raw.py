"""The only reader of answers: opens the inbox of a closed wave and stores responses.

Everything is opened, relabelled, shuffled and inserted in one transaction with random ids; the
inbox is emptied in the same transaction. What belongs to one person leaves this module only through
:func:`open_inbox`, :func:`imported`, :func:`own_sheets` and :func:`texts`, which ``release.close``
alone calls.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from nacl.public import PrivateKey
from sqlalchemy.orm import Session

from survey.answering.sealing import Payload, unseal
from survey.answering.store import Comment, Inbox, Response
from survey.core.db import Database
from survey.disclosure.blocks import labels
from survey.disclosure.small_units import lift_leaders
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.release.frame import Frame
from survey.release.moderation import RawText
from survey.study.models import Wave, WaveUnit

_BATCH = 1000
_LONG = 12
"""So many answers in a sheet make it improbable that two people give the same."""
_TELLING = 5
"""So many different sheets in common are no accident."""
_TRACES = ("inbox", "response", "comment", "invitation", "redeemed_credential")


@dataclass(frozen=True)
class Opened:
    """One answer on its way from inbox to response; never stored or logged as it is."""

    code: str
    role: str
    sheet: str
    texts: Mapping[str, Sequence[str]]


def open_inbox(session: Session, wave: Wave, box: PrivateKey) -> list[Opened]:
    """Open every sealed answer of the wave. Slow work: call it outside the write transaction."""
    layout = Layout(Instrument.from_dict(wave.instrument or {}))
    codes = _codes(session, wave)
    rows = session.scalars(
        sa.select(Inbox.sealed).where(
            Inbox.organisation_id == wave.organisation_id, Inbox.wave_id == wave.id
        )
    )
    return [_opened(unseal(box, layout, sealed), codes) for sealed in rows]


def imported(session: Session, wave: Wave) -> list[Opened]:
    """The responses that an import brought, still under the unit they came with."""
    codes = _codes(session, wave)
    rows = session.execute(
        sa.select(Response.unit_id, Response.role, Response.answers).where(
            Response.organisation_id == wave.organisation_id, Response.wave_id == wave.id
        )
    )
    return [Opened(codes[unit], role, answers, {}) for unit, role, answers in rows]


def inbox_size(session: Session, wave: Wave) -> int:
    """How many sealed answers wait."""
    return (
        session.scalar(
            sa.select(sa.func.count()).where(
                Inbox.organisation_id == wave.organisation_id, Inbox.wave_id == wave.id
            )
        )
        or 0
    )


def store_responses(session: Session, wave: Wave, frame: Frame, opened: Sequence[Opened]) -> None:
    """Store the opened answers as responses and empty the inbox; the wave is then settled.

    Each sheet gets the label of the node where its person is counted, for good: his unit, or the
    area that holds the block he is in. Whether he leads anybody is not stored.
    """
    home = _homes(frame, opened)
    places = {
        row.code: row.unit_id
        for row in session.scalars(
            sa.select(WaveUnit).where(
                WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id
            )
        )
    }
    if wave.source == "import":
        _move_comments(session, wave, home, _codes(session, wave), places)
        _clear(session, wave, Response)
    responses: list[dict[str, object]] = []
    comments: list[dict[str, object]] = []
    for answer in opened:
        unit_id = places[home[answer.code, answer.role]]
        common = {"organisation_id": wave.organisation_id, "wave_id": wave.id, "unit_id": unit_id}
        responses.append(
            {**common, "id": uuid.uuid4(), "role": "employee", "answers": answer.sheet}
        )
        comments.extend(
            {**common, "id": uuid.uuid4(), "question": question, "text": text}
            for question, texts in answer.texts.items()
            for text in texts
        )
    _insert(session, Response, responses)
    _insert(session, Comment, comments)
    _clear(session, wave, Inbox)
    wave.settled = True
    session.flush()


def remove_unit_labels(session: Session, wave: Wave) -> None:
    """Store every sheet and text of a released wave under the top of its tree.

    The release is final and answers are never counted twice, so nothing needs these labels any
    more: a stolen database holds sheets of the whole organisation.
    """
    root = (
        sa.select(WaveUnit.unit_id)
        .where(
            WaveUnit.organisation_id == wave.organisation_id,
            WaveUnit.wave_id == wave.id,
            WaveUnit.parent_id.is_(None),
        )
        .scalar_subquery()
    )
    taken: dict[type[Response] | type[Comment], dict[str, object]] = {
        Response: {"unit_id": root, "role": "employee"},
        Comment: {"unit_id": root},
    }
    for table, values in taken.items():
        session.execute(
            sa.update(table)
            .where(table.organisation_id == wave.organisation_id, table.wave_id == wave.id)
            .values(**values)
        )


def own_sheets(session: Session, wave: Wave) -> dict[str, str]:
    """The answer sheets stored under each node laid end to end, by code.

    Sheets are sorted, so that the same answers give the same release to the last digit.
    """
    codes = _codes(session, wave)
    rows = session.execute(
        sa.select(Response.unit_id, sa.func.aggregate_strings(Response.answers, ","))
        .where(Response.organisation_id == wave.organisation_id, Response.wave_id == wave.id)
        .group_by(Response.unit_id)
    )
    return {codes[unit]: "".join(sorted(joined.split(","))) for unit, joined in rows}


def duplicate_releases(session: Session, wave: Wave) -> list[int]:
    """Ids of the organisation's other waves that hold the same people's answers over again.

    Two tables of one group can be subtracted, so the same answers must not be published twice: as
    two waves, in two studies, or corrected here and there. Told by sheets that one person alone
    has: half of them in common says it of long sheets; short ones must agree altogether. Waves
    whose sheets retention has deleted cannot be compared any more.
    """
    sheets = _sheets(session, wave.organisation_id, wave.id)
    others = session.scalars(
        sa.select(Wave.id).where(
            Wave.organisation_id == wave.organisation_id,
            Wave.id != wave.id,
            Wave.settled.is_(True),
            Wave.state == "released",
        )
    )
    return [
        other for other in others if _same(sheets, _sheets(session, wave.organisation_id, other))
    ]


def _sheets(session: Session, organisation_id: int, wave_id: int) -> Counter[str]:
    """How many have each sheet."""
    rows = session.execute(
        sa.select(Response.answers, sa.func.count())
        .where(Response.organisation_id == organisation_id, Response.wave_id == wave_id)
        .group_by(Response.answers)
    )
    return Counter({str(sheet): int(count) for sheet, count in rows})


def _same(one: Counter[str], other: Counter[str]) -> bool:
    """Are these, by all appearances, the same people's sheets?"""
    if one == other and len(one) >= _TELLING:
        return True
    alone = [{sheet for sheet, n in counts.items() if n == 1} for counts in (one, other)]
    long = {sheet for sheet in alone[0] if len(sheet) - sheet.count("0") >= _LONG}
    both = long & alone[1]
    return len(both) >= _TELLING and 2 * len(both) >= min(len(long), len(alone[1]))


def texts(session: Session, wave: Wave) -> list[RawText]:
    """Comments and words of a settled wave, for the moderators' queue."""
    codes = _codes(session, wave)
    rows = session.execute(
        sa.select(Comment.unit_id, Comment.question, Comment.text).where(
            Comment.organisation_id == wave.organisation_id, Comment.wave_id == wave.id
        )
    )
    return [RawText(codes[unit], question, text) for unit, question, text in rows]


def erase_traces(db: Database) -> bool:
    """Rewrite the tables, so that neither files nor row headers tell the order of writing.

    False when a reader held SQLite's log back: old pages stand in it until this is done again.
    """
    return db.compact(_TRACES)


def _codes(session: Session, wave: Wave) -> dict[int, str]:
    """Unit id → code of the unit where its answers are counted."""
    rows = session.scalars(
        sa.select(WaveUnit).where(
            WaveUnit.organisation_id == wave.organisation_id, WaveUnit.wave_id == wave.id
        )
    ).all()
    code = {row.unit_id: row.code for row in rows}
    return {row.unit_id: code[row.reporting_unit_id] for row in rows}


def _opened(payload: Payload, codes: Mapping[int, str]) -> Opened:
    return Opened(codes[payload.unit_id], payload.role, payload.sheet, payload.texts)


def _homes(frame: Frame, opened: Iterable[Opened]) -> dict[tuple[str, str], str]:
    """(unit, role) → the unit under whose label the answers are stored."""
    nodes = frame.nodes()
    counts = Counter((answer.code, answer.role) for answer in opened)
    leaders = {code: n for (code, role), n in counts.items() if role == "leader"}
    up = lift_leaders(nodes, leaders, frame.k)
    direct: Counter[str] = Counter()
    for (code, role), n in counts.items():
        direct[up[code] if role == "leader" else code] += n
    home = labels(nodes, direct, frame.k)
    return {(code, role): home[up[code] if role == "leader" else code] for code, role in counts}


def _move_comments(
    session: Session,
    wave: Wave,
    home: Mapping[tuple[str, str], str],
    codes: Mapping[int, str],
    places: Mapping[str, int],
) -> None:
    """Imported comments follow the employees of their unit."""
    rows = session.execute(
        sa.select(Comment.unit_id, Comment.question, Comment.text).where(
            Comment.organisation_id == wave.organisation_id, Comment.wave_id == wave.id
        )
    ).all()
    _clear(session, wave, Comment)
    moved: list[dict[str, object]] = []
    for unit_id, question, text in rows:
        code = home.get((codes[unit_id], "employee"), codes[unit_id])
        moved.append(
            {
                "organisation_id": wave.organisation_id,
                "wave_id": wave.id,
                "unit_id": places[code],
                "id": uuid.uuid4(),
                "question": question,
                "text": text,
            }
        )
    _insert(session, Comment, moved)


def _insert(
    session: Session, table: type[Response] | type[Comment], rows: list[dict[str, object]]
) -> None:
    """Insert in an order that says nothing."""
    random.SystemRandom().shuffle(rows)
    for start in range(0, len(rows), _BATCH):
        session.execute(sa.insert(table), rows[start : start + _BATCH])


def _clear(
    session: Session, wave: Wave, table: type[Inbox] | type[Response] | type[Comment]
) -> None:
    session.execute(
        sa.delete(table).where(
            table.organisation_id == wave.organisation_id, table.wave_id == wave.id
        )
    )
