"""From an open wave to a release. Every step can be repeated: a stop anywhere loses nothing and
stores nothing twice.

1. closed: no more answers are taken; the key that codes are derived from is destroyed.
2. settled: sealed answers are opened outside the write transaction, then stored in one.
3. prepared: what may be known is computed outside the write transaction and kept sealed, so that
   what is looked at is what is released (small counts are rounded at random, once).
4. released: documents are written outside the write transaction, then stored in one; what was kept
   is deleted, the private key destroyed in every reachable copy, and the files are rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.audit.models import Event
from survey.core.db import Database, new_id, now
from survey.core.errors import Conflict, KeyLost, say
from survey.core.keystore import KeyStore
from survey.release import raw, sealed
from survey.release.audit import refuse_findings
from survey.release.codec import digest, to_json
from survey.release.compute import Computed, Protected, protect_wave, uncounted, write_documents
from survey.release.document import SCHEMA
from survey.release.frame import Frame
from survey.release.load import load_earlier, load_frame
from survey.release.look import look_at
from survey.release.method import software
from survey.release.models import Release, ReleaseTable, ReleaseUnit
from survey.release.moderation import enqueue
from survey.study.closing import ensure_closed, mark_released
from survey.study.find import wave_by_id
from survey.study.models import Wave
from survey.study.reasons import Reason
from survey.study.waves import destroy_keys, lock


def close_wave(
    db: Database,
    keys: KeyStore,
    organisation_id: int,
    wave_id: int,
    actor: str = "cli",
    reason: Reason | None = None,
) -> None:
    """Close an open wave and store its answers as responses.

    Takes up a close that was interrupted. Before the wave's closing time it needs a reason. Raises
    Conflict when the wave is a draft or was released, KeyLost when the private key is in neither
    folder (nothing is changed by that: put the second officer's copy back and close again).
    """
    with db.transaction() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        ensure_closed(session, wave, actor, reason)
    with db.transaction() as session:
        destroy_keys(session, keys, wave_by_id(session, organisation_id, wave_id), actor)
    with db.reading() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        was_settled = wave.settled
        if not was_settled:
            opened = (
                raw.imported(session, wave)
                if wave.source == "import"
                else raw.open_inbox(session, wave, keys.open_box(wave_id))
            )
            frame = load_frame(session, wave)
    if was_settled:  # a stop came between the commit below and the erasing of its traces
        _erase_traces(db, organisation_id, wave_id, actor)
        return
    with db.transaction() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        lock(session, wave)  # who else closes it now waits here, and then finds it settled
        if wave.settled:
            return
        if wave.source != "import" and raw.inbox_size(session, wave) != len(opened):
            raise Conflict("inbox_changed")
        raw.store_responses(session, wave, frame, opened)
        record(session, organisation_id, actor, "wave.settled", f"wave:{wave_id}")
    _erase_traces(db, organisation_id, wave_id, actor)


def prepare_release(db: Database, keys: KeyStore, organisation_id: int, wave_id: int) -> None:
    """Compute what may be known of a closed wave, and keep it sealed until its release.

    Repeating it changes nothing. Raises Conflict when the wave is not closed.
    """
    with db.reading() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        if _stored(session, wave) is not None or sealed.find(session, wave) is not None:
            return
        ready = ready_for_release(session, wave)
    _protect(db, keys, organisation_id, wave_id, ready)


def make_release(
    db: Database, keys: KeyStore, organisation_id: int, wave_id: int, actor: str = "cli"
) -> int:
    """Store the release of a closed wave; returns its id.

    Repeating it after a stop gives the stored release. Raises Conflict when the wave is not
    closed, Exposed when the auditor finds a fault of the program: then nothing is stored.
    """
    release_id = new_id()
    with db.reading() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        stored = _stored(session, wave)
        if stored is None:
            _refuse_out_of_order(session, wave)
            ready = ready_for_release(session, wave)
            earlier = load_earlier(session, wave)
            texts = raw.texts(session, wave)
    if stored is None:
        protected = _protect(db, keys, organisation_id, wave_id, ready)
        computed = write_documents(ready.frame, protected, earlier, str(release_id))
        refuse_findings(computed)
        with db.transaction() as session:
            wave = wave_by_id(session, organisation_id, wave_id)
            lock(session, wave)
            stored = _stored(session, wave)
            if stored is None:
                _refuse_out_of_order(session, wave)
                stored = _store(session, wave, computed, release_id, actor)
                enqueue(session, wave, computed, texts, ready.frame.k)
                raw.remove_unit_labels(session, wave)
                sealed.delete(session, wave)
                mark_released(session, wave, actor)
        # The labels that were taken away must not linger in the files.
        _erase_traces(db, organisation_id, wave_id, actor)
    with db.transaction() as session:
        destroy_keys(session, keys, wave_by_id(session, organisation_id, wave_id), actor)
    return stored


def _protect(
    db: Database, keys: KeyStore, organisation_id: int, wave_id: int, ready: Ready
) -> Protected:
    """What was kept sealed for the wave, else computed now and kept."""
    if (kept := _kept(db, keys, organisation_id, wave_id)) is not None:
        return kept
    protected = protect_wave(ready.frame, ready.sheets)
    computed = write_documents(ready.frame, protected)
    refuse_findings(computed)
    look = look_at(computed.units, uncounted=uncounted(protected))
    with db.transaction() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        lock(session, wave)
        if wave.state != "closed" or sealed.keep(session, wave, protected, look):
            return protected
    # Somebody else computed it at the same time and was quicker: one of the two draws counts.
    return _kept(db, keys, organisation_id, wave_id) or protected


def _kept(db: Database, keys: KeyStore, organisation_id: int, wave_id: int) -> Protected | None:
    """What was kept sealed for the wave; None when nothing was.

    None also where the private key is lost: what was kept can then be opened by nobody, so nobody
    has seen it, and the wave is computed anew rather than lost.
    """
    with db.reading() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        kept = sealed.find(session, wave)
    if kept is None:
        return None
    with suppress(KeyLost):
        return sealed.unseal(kept, None if wave.public_key is None else keys.open_box(wave_id))
    return None


@dataclass(frozen=True)
class Ready:
    """What a wave is protected from: its frame, and each unit's sheets laid end to end."""

    frame: Frame
    sheets: Mapping[str, str]


def ready_for_release(session: Session, wave: Wave) -> Ready:
    """What a closed wave is protected from; Conflict when it is not closed."""
    if wave.state != "closed" or not wave.settled:
        raise Conflict(say("wave_not_closed_for_release", state=wave.state))
    if wave.id in expired(session, wave.organisation_id):
        raise Conflict("answers_deleted_unreleased")
    if duplicates := raw.duplicate_releases(session, wave):
        waves = [session.get_one(Wave, (wave.organisation_id, wave_id)) for wave_id in duplicates]
        labels = ", ".join(duplicate.label for duplicate in waves)
        raise Conflict(say("answers_released_already", labels=labels))
    return Ready(load_frame(session, wave), raw.own_sheets(session, wave))


def expired(session: Session, organisation_id: int) -> set[int]:
    """Waves that were never released and whose answers retention has deleted."""
    deleted = session.scalars(
        sa.select(Event.subject).where(
            Event.organisation_id == organisation_id, Event.action == "retention.responses"
        )
    )
    return {
        wave_id
        for wave_id in (int(subject.removeprefix("wave:")) for subject in deleted)
        if (wave := session.get(Wave, (organisation_id, wave_id))) is not None
        and wave.state == "closed"
    }


def close_and_release(
    db: Database,
    keys: KeyStore,
    organisation_id: int,
    wave_id: int,
    actor: str = "cli",
    reason: Reason | None = None,
) -> int:
    """Close a wave and make its release; returns the release's id."""
    close_wave(db, keys, organisation_id, wave_id, actor, reason)
    return make_release(db, keys, organisation_id, wave_id, actor)


def _erase_traces(db: Database, organisation_id: int, wave_id: int, actor: str) -> None:
    """Erase them and say so; without the event ``survey retention run`` tries again."""
    if raw.erase_traces(db):
        with db.transaction() as session:
            record(session, organisation_id, actor, "traces.erased", f"wave:{wave_id}")


def _stored(session: Session, wave: Wave) -> int | None:
    return session.scalar(
        sa.select(Release.id).where(
            Release.organisation_id == wave.organisation_id, Release.wave_id == wave.id
        )
    )


def unreleased_before(session: Session, wave: Wave) -> list[str]:
    """Labels of the study's earlier waves that must be released before this one."""
    return list(
        session.scalars(
            sa.select(Wave.label)
            .where(
                Wave.organisation_id == wave.organisation_id,
                Wave.study_id == wave.study_id,
                Wave.ordinal < wave.ordinal,
                Wave.state.in_(["open", "closed"]),
                Wave.id.not_in(expired(session, wave.organisation_id)),
            )
            .order_by(Wave.ordinal)
        )
    )


def _refuse_out_of_order(session: Session, wave: Wave) -> None:
    """Waves are released in their order: a change is judged against what was printed before."""
    waiting = unreleased_before(session, wave)
    if waiting:
        raise Conflict(
            say("earlier_waves_of_study_must_be_released_first", waiting=", ".join(waiting))
        )


def _store(session: Session, wave: Wave, computed: Computed, release_id: int, actor: str) -> int:
    header = to_json(computed.header)
    documents = [to_json(unit) for unit in computed.units]
    key = {"organisation_id": wave.organisation_id}
    session.add(
        Release(
            **key,
            id=release_id,
            study_id=wave.study_id,
            wave_id=wave.id,
            number=1,
            schema=SCHEMA,
            created_at=now(),
            digest=digest([header, *documents]),
            software=software(),
            header=header,
        )
    )
    session.flush()
    session.add_all(
        ReleaseUnit(
            **key, release_id=release_id, code=unit.unit.code, position=place, document=text
        )
        for place, (unit, text) in enumerate(zip(computed.units, documents, strict=True))
    )
    session.add(
        ReleaseTable(**key, release_id=release_id, table=sealed.blocks_to_text(computed.blocks))
    )
    session.flush()
    details = {"units": len(documents)}
    record(session, wave.organisation_id, actor, "release.stored", f"release:{release_id}", details)
    return release_id
