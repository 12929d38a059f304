"""Waves: draft → open → closed → released, and what each move does.

Opening freezes the instrument (whole), the tree and the headcounts, merges small units and makes
the wave's keys. What reads answers stands above: ``survey.release.close`` closes a wave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import new_id, now
from survey.core.errors import Conflict, Fault, InvalidInput, say
from survey.core.keystore import KeyStore
from survey.instrument.library import Library
from survey.instrument.model import Instrument
from survey.organisation.units import NAME_LIMIT
from survey.study.comparability import freeze_changes
from survey.study.freezing import Merged, merge, snapshot_units
from survey.study.frozen_terms import check_instrument
from survey.study.models import Study, Wave, WaveUnit
from survey.study.signing_keys import bind

PHASES = ("before", "during", "after")
SOURCES = ("answers", "import")
NEXT = {"draft": "open", "open": "closed", "closed": "released"}


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening did: how many units it froze, which it merged, and what to see to."""

    units: int
    merged: tuple[Merged, ...]
    warnings: tuple[str, ...]


def create_wave(
    session: Session,
    study: Study,
    *,
    phase: str,
    label: str = "",
    ordinal: int | None = None,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    source: str = "answers",
    release_after_close: bool = True,
    actor: str = "cli",
) -> Wave:
    """Add a draft. Without an ordinal it comes after the study's last wave.

    ``source`` is ``answers``, or ``import`` for a measurement from another tool (its times may lie
    in the past). Without ``release_after_close`` staff look before results are released. Raises
    InvalidInput with every fault, Conflict when the ordinal is taken.
    """
    session.execute(  # one at a time: two drafts must not get the same ordinal
        sa.select(Study.id)
        .where(Study.organisation_id == study.organisation_id, Study.id == study.id)
        .with_for_update()
    )
    taken = {wave.ordinal for wave in waves(session, study)}
    ordinal = max(taken, default=0) + 1 if ordinal is None else ordinal
    label = " ".join(label.split()) or f"Måling {ordinal}"
    faults = _faults_of_wave(phase, label, ordinal, source)
    if faults := [*faults, *_faults_of_times(opens_at, closes_at, source)]:
        raise InvalidInput("wave_cannot_be_made", faults)
    if ordinal in taken:
        raise Conflict(say("study_has_wave_already", ordinal=ordinal))
    wave = Wave(
        organisation_id=study.organisation_id,
        id=new_id(),
        study_id=study.id,
        ordinal=ordinal,
        phase=phase,
        label=label,
        state="draft",
        opens_at=opens_at,
        closes_at=closes_at,
        source=source,
        release_after_close=release_after_close,
    )
    session.add(wave)
    session.flush()
    details = {"study": study.code, "ordinal": ordinal, "phase": phase, "source": source}
    record(session, wave.organisation_id, actor, "wave.created", f"wave:{wave.id}", details)
    return wave


def waves(
    session: Session, study: Study, *, after: int | None = None, limit: int | None = None
) -> list[Wave]:
    """Return the study's waves by ordinal: those behind ``after``, at most ``limit``."""
    query = sa.select(Wave).where(
        Wave.organisation_id == study.organisation_id, Wave.study_id == study.id
    )
    if after is not None:
        query = query.where(Wave.ordinal > after)
    return list(session.scalars(query.order_by(Wave.ordinal).limit(limit)))


def study_of(session: Session, wave: Wave) -> Study:
    """Return the wave's study."""
    return session.get_one(Study, (wave.organisation_id, wave.study_id))


def lock(session: Session, wave: Wave) -> None:
    """Hold the wave's row until the transaction ends and read its present state."""
    session.refresh(wave, with_for_update=True)


def open_wave(
    session: Session, keys: KeyStore, library: Library, wave: Wave, *, actor: str = "cli"
) -> Opened:
    """Open a draft: freeze instrument, tree and headcounts, merge small units, make the keys.

    Answers are taken from ``opens_at`` on (at once when it is not set). Raises Conflict with the
    reason, ConfigurationError when a key cannot be kept.
    """
    study = study_of(session, wave)
    session.refresh(study, with_for_update=True)
    lock(session, wave)
    refuse_move(wave, "open")
    moment = now()
    _refuse_opening(session, wave, moment)
    instrument = library.get(study.instrument_id)
    check_instrument(session, study, instrument, actor)
    _refuse_missing_languages(study, instrument)
    rows = snapshot_units(session, wave)
    merged = merge(session, wave, study.k)
    freeze_changes(session, wave)
    wave.instrument_version = str(instrument.version)
    wave.instrument_digest = instrument.digest
    wave.instrument = instrument.to_dict()
    wave.state = "open"
    wave.opened_at = moment
    warnings: list[str] = []
    if wave.source == "import":
        wave.opened_at = wave.opens_at or moment
    else:
        wave.public_key = keys.create(wave.id)
        if study.mode == "cryptographic":
            wave.keys_digest = bind(session, keys, wave, rows)
        warnings = _warnings(keys, wave, rows)
    study.frozen_at = study.frozen_at or moment
    session.flush()
    details = {
        "instrument": f"{instrument.id}/{instrument.version}",
        "digest": instrument.digest,
        "units": len(rows),
        "merged": {merged_unit.code: merged_unit.into_code for merged_unit in merged},
        "escrow": keys.escrow is not None,
    } | ({"keys": wave.keys_digest} if wave.keys_digest else {})
    record(session, wave.organisation_id, actor, "wave.opened", f"wave:{wave.id}", details)
    return Opened(len(rows), tuple(merged), tuple(warnings))


def update_draft(
    session: Session,
    wave: Wave,
    *,
    phase: str,
    label: str,
    opens_at: datetime | None,
    closes_at: datetime | None,
    release_after_close: bool | None = None,
    actor: str = "cli",
) -> Wave:
    """Change a draft. Raises Conflict when the wave has opened, InvalidInput with every fault."""
    lock(session, wave)
    if wave.state != "draft":
        raise Conflict(say("wave_no_longer_draft", state=wave.state))
    label = " ".join(label.split())
    faults = _faults_of_wave(phase, label, wave.ordinal, wave.source)
    faults += _faults_of_times(opens_at, closes_at, wave.source)
    if faults:
        raise InvalidInput("wave_cannot_be_changed", faults)
    wave.phase, wave.label, wave.opens_at, wave.closes_at = phase, label, opens_at, closes_at
    if release_after_close is not None:
        wave.release_after_close = release_after_close
    session.flush()
    record(session, wave.organisation_id, actor, "wave.changed", f"wave:{wave.id}", {})
    return wave


def due_to_open(session: Session, moment: datetime) -> list[Wave]:
    """Return drafts whose opening time has come and that people are invited to."""
    invited = sa.exists().where(
        WaveUnit.organisation_id == Wave.organisation_id,
        WaveUnit.wave_id == Wave.id,
        WaveUnit.invited > 0,
    )
    return list(
        session.scalars(
            sa.select(Wave)
            .where(Wave.state == "draft", Wave.source == "answers", Wave.opens_at <= moment)
            .where(invited)
            .order_by(Wave.opens_at, Wave.id)
        )
    )


def destroy_keys(session: Session, keys: KeyStore, wave: Wave, actor: str = "cli") -> bool:
    """Destroy the keys that a wave in its state must no longer have, and record what went.

    False when there was none. An escrow folder that is away is told in the event; the sweep
    destroys its copy when it is back.
    """
    due = {
        "closed": {"codes", "signing"},
        "released": {"codes", "signing", "private", "escrow"},
    }.get(wave.state, set())
    if not keys.left(wave.id) & due:
        return False
    lock(session, wave)  # the sweep and a release may both have come here
    gone = keys.left(wave.id) & due
    if not gone:
        return False
    keys.destroy_code_key(wave.id)
    keys.destroy_signing_keys(wave.id)
    reached = keys.destroy_private_key(wave.id) if wave.state == "released" else True
    details: dict[str, Any] = {"destroyed": sorted(gone - keys.left(wave.id))}
    if keys.escrow is not None:
        details["escrow_reached"] = reached
    record(session, wave.organisation_id, actor, "wave.keys_destroyed", f"wave:{wave.id}", details)
    return True


def sweep_keys(session: Session, keys: KeyStore) -> list[int]:
    """Destroy what a stop left behind: code keys of closed waves, all keys of released ones.

    Returns the ids of the waves concerned. A key of a wave that this database does not know is
    left alone: it may belong to another one.
    """
    waves_with_keys = session.scalars(sa.select(Wave).where(Wave.id.in_(keys.waves()))).all()
    return [wave.id for wave in waves_with_keys if destroy_keys(session, keys, wave, "worker")]


def refuse_move(wave: Wave, state: str) -> None:
    """Raise Conflict unless the wave may move to ``state`` now."""
    if NEXT.get(wave.state) != state:
        reason = {
            "draft": "must_be_opened_first",
            "open": "must_be_closed_first",
            "closed": "waits_for_its_release",
            "released": "result_is_final",
        }[wave.state]
        if wave.state == state:
            reason = "is_that_already"
        raise Conflict(
            say(
                "wave_cannot_become",
                ordinal=wave.ordinal,
                state=wave.state,
                state2=state,
                reason=say(reason),
            )
        )


def _refuse_missing_languages(study: Study, instrument: Instrument) -> None:
    missing = [language for language in study.languages if language not in instrument.languages]
    if missing:
        raise Conflict(
            say(
                "instrument_lacks_language",
                id=instrument.id,
                version=instrument.version,
                missing=", ".join(missing),
            )
        )


def _refuse_opening(session: Session, wave: Wave, moment: datetime) -> None:
    if wave.source == "import":
        return
    if wave.closes_at is not None and wave.closes_at <= moment:
        raise Conflict("wave_closing_time_past")
    other = session.scalar(
        sa.select(Wave.ordinal).where(
            Wave.organisation_id == wave.organisation_id,
            Wave.study_id == wave.study_id,
            Wave.state == "open",
            Wave.source == "answers",
        )
    )
    if other is not None:
        raise Conflict(say("another_wave_open", other=other))


def _warnings(keys: KeyStore, wave: Wave, rows: list[WaveUnit]) -> list[str]:
    warnings = []
    if keys.escrow is None:
        warnings.append(
            f"The answers of this wave can be opened with one file only: "
            f"{keys.folder}/wave-{wave.id}.private. If it is lost, all answers are lost. Set "
            "SURVEY_ESCROW_DIR to a folder that a second officer keeps."
        )
    elif not keys.escrowed(wave.id):
        warnings.append("The copy of the private key in escrow does not read back; see to it now.")
    if not any(row.invited for row in rows):
        warnings.append("Nobody is invited yet: make invitations and hand out their codes.")
    return warnings


def _faults_of_wave(phase: str, label: str, ordinal: int, source: str) -> list[Fault]:
    faults = []
    if phase not in PHASES:
        faults.append(
            Fault(
                "phase",
                say("unknown_phase", phase=phase),
                say("use_values", known=", ".join(PHASES)),
            )
        )
    if source not in SOURCES:
        faults.append(
            Fault(
                "source",
                say("unknown_source", source=source),
                say("use_values", known=", ".join(SOURCES)),
            )
        )
    if not 1 <= ordinal <= 1000:
        faults.append(Fault("ordinal", say("not_from_1_to_1000", ordinal=ordinal)))
    if not label or len(label) > NAME_LIMIT:
        faults.append(Fault("label", say("text_of_wrong_length", name_limit=NAME_LIMIT)))
    return faults


def _faults_of_times(
    opens_at: datetime | None, closes_at: datetime | None, source: str
) -> list[Fault]:
    faults = []
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        faults.append(Fault("closes_at", "not_later_than_opens_at"))
    if source == "answers" and closes_at is not None and closes_at <= now():
        faults.append(Fault("closes_at", "lies_in_past", "name_later_time"))
    return faults
