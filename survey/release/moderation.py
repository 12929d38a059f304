"""Free text and words: nothing is shown before a person has read and released it.

Texts come from pools of at least ten people (``Blocks.texts``), in random order, beside nothing
else of their writers; a word is offered only when at least k people in the pool wrote it.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.errors import Conflict, Fault, InvalidInput, NotFound
from survey.instrument.question_types.registry import TYPES
from survey.instrument.question_types.words import as_counted
from survey.release.compute import Computed
from survey.release.models import ModeratedText
from survey.study.models import Wave, WaveUnit

Decision = Literal["release", "redact", "withhold"]


@dataclass(frozen=True, slots=True)
class RawText:
    """One text as it was written, with the unit its answer is stored under."""

    code: str
    question: str
    text: str


@dataclass(frozen=True, slots=True)
class ReleasedTexts:
    """What may be shown of a unit: question → comments, and question → (word, count)."""

    comments: Mapping[str, tuple[str, ...]]
    words: Mapping[str, tuple[tuple[str, int], ...]]


def enqueue(
    session: Session, wave: Wave, computed: Computed, texts: Iterable[RawText], k: int
) -> int:
    """Put a released wave's texts in the moderators' queue; returns how many entries there are."""
    home = computed.blocks.texts.home
    told_as_words = {
        question["id"]
        for question in computed.header.instrument.get("questions", ())
        if TYPES[question["type"]].texts_as == "word"
    }
    entries: list[tuple[str, str, str, str, int]] = []
    words: Counter[tuple[str, str, str]] = Counter()
    for text in texts:
        code = home.get(text.code)
        if code is None:
            continue
        if text.question in told_as_words:
            words[code, text.question, as_counted(text.text)] += 1
        else:
            entries.append((code, text.question, "comment", text.text, 1))
    entries.extend(
        (code, question, "word", word, count)
        for (code, question, word), count in sorted(words.items())
        if word and count >= k
    )
    random.SystemRandom().shuffle(entries)
    session.add_all(
        ModeratedText(
            organisation_id=wave.organisation_id,
            id=uuid.uuid4(),
            wave_id=wave.id,
            code=code,
            question=question,
            kind=kind,
            text=text,
            count=count,
            state="waiting",
            reason="",
        )
        for code, question, kind, text, count in entries
    )
    session.flush()
    return len(entries)


def queue(session: Session, organisation_id: int, wave_id: int) -> list[ModeratedText]:
    """Texts that wait for a decision, by unit; their order within a unit is random."""
    return list(
        session.scalars(
            sa.select(ModeratedText)
            .where(
                ModeratedText.organisation_id == organisation_id,
                ModeratedText.wave_id == wave_id,
                ModeratedText.state == "waiting",
            )
            .order_by(ModeratedText.code, ModeratedText.id)
        )
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A page of texts, how many there are in all, and which units and questions have any."""

    texts: tuple[ModeratedText, ...]
    total: int
    units: tuple[str, ...]
    questions: tuple[str, ...]


def search(
    session: Session,
    organisation_id: int,
    wave_id: int,
    *,
    state: str = "waiting",
    unit: str = "",
    question: str = "",
    start: int = 0,
    limit: int = 25,
) -> Found:
    """Texts in a state, of one unit and question or all ('' for all), as the queue has them."""
    conditions = (
        ModeratedText.organisation_id == organisation_id,
        ModeratedText.wave_id == wave_id,
        ModeratedText.state == state,
    )
    wanted = [*conditions]
    if unit:
        wanted.append(ModeratedText.code == unit)
    if question:
        wanted.append(ModeratedText.question == question)
    rows = session.scalars(
        sa.select(ModeratedText)
        .where(*wanted)
        .order_by(ModeratedText.code, ModeratedText.id)
        .offset(start)
        .limit(limit)
    ).all()
    total = session.scalar(sa.select(sa.func.count()).select_from(ModeratedText).where(*wanted))
    places = session.execute(
        sa.select(ModeratedText.code, ModeratedText.question).where(*conditions).distinct()
    ).all()
    return Found(
        tuple(rows),
        total or 0,
        tuple(sorted({code for code, _ in places})),
        tuple(sorted({asked for _, asked in places})),
    )


def next_waiting(
    session: Session, organisation_id: int, wave_id: int, after: uuid.UUID | None = None
) -> ModeratedText | None:
    """The next text that waits, behind ``after`` in the queue's order and then from its start."""
    query = (
        sa.select(ModeratedText)
        .where(
            ModeratedText.organisation_id == organisation_id,
            ModeratedText.wave_id == wave_id,
            ModeratedText.state == "waiting",
        )
        .order_by(ModeratedText.code, ModeratedText.id)
        .limit(1)
    )
    this = session.get(ModeratedText, (organisation_id, after)) if after else None
    if this is None:
        return session.scalar(query)
    behind = sa.or_(
        ModeratedText.code > this.code,
        sa.and_(ModeratedText.code == this.code, ModeratedText.id > this.id),
    )
    return session.scalar(query.where(behind)) or session.scalar(
        query.where(ModeratedText.id != this.id)
    )


def text_of_wave(
    session: Session, organisation_id: int, wave_id: int, text_id: uuid.UUID
) -> ModeratedText:
    """A text of this wave; NotFound when there is none."""
    text = session.get(ModeratedText, (organisation_id, text_id))
    if text is None or text.wave_id != wave_id:
        raise NotFound("no_such_text")
    return text


def waiting_counts(session: Session, organisation_id: int) -> dict[int, int]:
    """Wave id → how many of its texts wait for a decision."""
    rows = session.execute(
        sa.select(ModeratedText.wave_id, sa.func.count())
        .where(ModeratedText.organisation_id == organisation_id, ModeratedText.state == "waiting")
        .group_by(ModeratedText.wave_id)
    )
    return {row[0]: row[1] for row in rows}


def decide_many(
    session: Session,
    organisation_id: int,
    wave_id: int,
    texts: Iterable[uuid.UUID],
    decision: Decision,
    *,
    actor: str,
    reason: str = "",
) -> int:
    """Release or withhold several texts of a wave, each with this reason; returns how many.

    All or none. Raises InvalidInput when nothing was chosen or the reason is missing (a redaction
    is made one by one), NotFound, Conflict when one was decided before.
    """
    chosen = list(dict.fromkeys(texts))
    faults = []
    if not chosen:
        faults.append(Fault("texts", "no_text_was_chosen"))
    if decision not in ("release", "withhold"):
        faults.append(Fault("decision", "redact_one_text_at_a_time"))
    if decision == "withhold" and not reason.strip():
        faults.append(Fault("reason", "say_why_for_log"))
    if faults:
        raise InvalidInput("decision_is_not_complete", faults)
    for text_id in chosen:
        text_of_wave(session, organisation_id, wave_id, text_id)
        decide(session, organisation_id, text_id, decision, actor=actor, reason=reason)
    return len(chosen)


def decide(
    session: Session,
    organisation_id: int,
    text_id: uuid.UUID,
    decision: Decision,
    *,
    actor: str,
    redacted: str = "",
    reason: str = "",
) -> ModeratedText:
    """Release a text, release it redacted, or withhold it (which needs a reason).

    A redaction keeps the shortened text only. Raises NotFound, Conflict when it was decided
    before, InvalidInput when the redacted text or the reason is missing.
    """
    entry = session.get(ModeratedText, (organisation_id, text_id), with_for_update=True)
    if entry is None:
        raise NotFound("no_such_text")
    if entry.state != "waiting":
        raise Conflict("this_text_has_been_decided_already")
    faults = []
    if decision == "redact" and not redacted.strip():
        faults.append(Fault("redacted", "shortened_text_is_missing"))
    if decision == "redact" and len(redacted) > len(entry.text) + 20:
        faults.append(Fault("redacted", "redaction_only_takes_away", "replace_words_by"))
    if decision in {"redact", "withhold"} and not reason.strip():
        faults.append(Fault("reason", "say_why_for_log"))
    if faults:
        raise InvalidInput("decision_is_not_complete", faults)
    if decision == "redact":
        entry.text = redacted.strip()
    if decision == "withhold":
        entry.text = ""  # what is not to be shown is not kept either
    entry.state = "withheld" if decision == "withhold" else "released"
    entry.reason = reason.strip()
    session.flush()
    details = {"decision": decision}  # not the reason: an event is kept for ever
    record(session, organisation_id, actor, "text.moderated", f"text:{text_id}", details)
    return entry


def released_texts(
    session: Session, organisation_id: int, wave_id: int, code: str
) -> ReleasedTexts:
    """What moderators have released of one unit, in random order."""
    by_unit = released_of_wave(session, organisation_id, wave_id)
    return by_unit.get(code, ReleasedTexts({}, {}))


def released_of_wave(
    session: Session, organisation_id: int, wave_id: int
) -> dict[str, ReleasedTexts]:
    """What moderators have released, by unit code. Two queries.

    An area shows the comments of its own pool only; its words are the sum of the counts that are
    shown at it and below it.
    """
    rows = session.scalars(
        sa.select(ModeratedText)
        .where(
            ModeratedText.organisation_id == organisation_id,
            ModeratedText.wave_id == wave_id,
            ModeratedText.state == "released",
        )
        .order_by(ModeratedText.code, ModeratedText.id)
    ).all()
    comments: dict[str, dict[str, list[str]]] = {}
    words: dict[str, dict[str, Counter[str]]] = {}
    above = _paths(session, organisation_id, wave_id) if rows else {}
    for row in rows:
        if row.kind == "word":
            for code in above.get(row.code, (row.code,)):
                words.setdefault(code, {}).setdefault(row.question, Counter())[row.text] += (
                    row.count
                )
        else:
            comments.setdefault(row.code, {}).setdefault(row.question, []).append(row.text)
    return {
        code: ReleasedTexts(
            {question: tuple(texts) for question, texts in comments.get(code, {}).items()},
            {
                question: tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
                for question, counts in words.get(code, {}).items()
            },
        )
        for code in comments.keys() | words.keys()
    }


def _paths(session: Session, organisation_id: int, wave_id: int) -> dict[str, tuple[str, ...]]:
    """Unit code → its own and the codes of all units above it, in the wave's tree."""
    rows = session.execute(
        sa.select(WaveUnit.unit_id, WaveUnit.parent_id, WaveUnit.code).where(
            WaveUnit.organisation_id == organisation_id, WaveUnit.wave_id == wave_id
        )
    ).all()
    parent = {unit: (above, code) for unit, above, code in rows}
    paths = {}
    for unit, _, code in rows:
        path: list[str] = []
        at: int | None = unit
        while at is not None:
            at, name = parent[at]
            path.append(name)
        paths[code] = tuple(path)
    return paths
