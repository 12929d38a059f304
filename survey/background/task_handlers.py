"""The kinds of background work: what a task's payload means, and what is done.

=============  =====================================================  ==========================
kind           payload                                                result
=============  =====================================================  ==========================
unit_report    ``study``, ``unit``, ``language``; ``ordinal`` or None  a PDF
unit_reports   ``study``, ``languages``; ``ordinal`` or None           a ZIP of PDFs
open           ``wave_id``; ``at`` from the clock                     nothing
close          ``wave_id``; ``at`` from the clock                     nothing
release        ``wave_id``; ``at`` from the clock                     ``release_id``
retention      nothing                                                invitations and keys deleted
=============  =====================================================  ==========================

Each may be started again after a stop at any point, and then ends as if it had run once. ``at`` is
the time that the clock found to have come. When it was moved since, nothing is done: the clock has
another task for the new time.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from survey.background import report_inputs
from survey.core.db import now
from survey.core.errors import InvalidInput
from survey.core.services import Services
from survey.instrument.library import Library
from survey.jobs import result_files
from survey.jobs.execution import Job, Work
from survey.operations import retention
from survey.release import close
from survey.release.codec import header_from_json, unit_from_json
from survey.release.document import ReleaseHeader
from survey.reports.common import file_names
from survey.study import waves
from survey.study.closing import is_early
from survey.study.find import wave_by_id
from survey.study.models import Wave
from survey.study.signing_keys import make_ready
from survey.study.studies import study_by_code

Kind = Callable[[Services, Job], dict[str, Any]]


def works(parts: Services) -> Mapping[str, Work]:
    """Every kind, bound to this process's services."""
    kinds: dict[str, Kind] = {
        "unit_report": unit_report,
        "unit_reports": unit_reports,
        "open": open_wave,
        "close": close_only,
        "release": release,
        "retention": delete_what_is_due,
    }
    return {name: partial(kind, parts) for name, kind in kinds.items()}


def unit_report(parts: Services, job: Job) -> dict[str, Any]:
    """One unit's PDF."""
    from survey.reports.unit.report import UnitReportRenderer

    wanted, organisation_id = job.claim.payload, job.claim.organisation_id
    with parts.db.reading() as session:
        study = study_by_code(session, organisation_id, wanted["study"])
        known = report_inputs.of_unit(session, study, wanted["unit"], wanted.get("ordinal"))
    job.progress(0, 1)
    language, stored = wanted["language"], known.stored
    pdf = UnitReportRenderer().render(
        stored.header,
        stored.unit,
        language,
        stored.digest,
        known.free_text,
        follow_up=known.follow_up,
    )
    target = result_files.folder(parts.settings, organisation_id) / f"{job.claim.task_id}.pdf"
    with result_files.whole(target) as temporary:
        temporary.write_bytes(pdf)
    job.progress(1, 1)
    facts = stored.unit.unit
    name = file_names.report_name(stored.header, facts.name, facts.code, language)
    return {"file": target.name, "name": name, "media_type": "application/pdf"}


def unit_reports(parts: Services, job: Job) -> dict[str, Any]:
    """All units' PDFs of a release, as one ZIP. PDFs made before a stop are not made again."""
    from survey.reports.unit.bulk import render_units

    wanted, organisation_id = job.claim.payload, job.claim.organisation_id
    with parts.db.reading() as session:
        study = study_by_code(session, organisation_id, wanted["study"])
        known = report_inputs.of_study(session, study, wanted.get("ordinal"))
    home = result_files.folder(parts.settings, organisation_id)
    folder = home / f"units-{known.digest[:24]}"
    pdfs = render_units(
        known.header,
        known.documents,
        wanted["languages"],
        known.digest,
        folder,
        free_text=known.free_text,
        follow_up=known.follow_up,
        workers=parts.settings.processes,
        progress=job.progress,
    )
    target = home / f"{job.claim.task_id}.zip"
    header = header_from_json(known.header)
    with result_files.whole(target) as temporary:
        _zip(
            zip(pdfs, _members(header, known.documents, wanted["languages"]), strict=True),
            temporary,
        )
    shutil.rmtree(folder, ignore_errors=True)
    name = file_names.archive_name(header, wanted["languages"])
    return {"file": target.name, "name": name, "media_type": "application/zip"}


def open_wave(parts: Services, job: Job) -> dict[str, Any]:
    """Open a draft whose time has come (and has not been moved meanwhile)."""
    library = Library(parts.settings.instrument_dir)
    organisation_id, wave_id = job.claim.organisation_id, job.claim.payload["wave_id"]
    make_ready(parts.db, parts.keys, lambda session: wave_by_id(session, organisation_id, wave_id))
    with parts.db.transaction() as session:
        wave = wave_by_id(session, organisation_id, wave_id)
        session.refresh(waves.study_of(session, wave), with_for_update=True)  # as open_wave does
        waves.lock(session, wave)
        if wave.state == "draft" and wave.opens_at is not None and wave.opens_at <= now():
            waves.open_wave(session, parts.keys, library, wave, actor="worker")
    return {}


def close_only(parts: Services, job: Job) -> dict[str, Any]:
    """Close a wave, and compute what may be known of it for those who look before its release."""
    if _state_after_closing(parts, job) == "closed":
        job.progress(1, 2)
        organisation_id, wave_id = job.claim.organisation_id, job.claim.payload["wave_id"]
        close.prepare_release(parts.db, parts.keys, organisation_id, wave_id)
    return {}


def release(parts: Services, job: Job) -> dict[str, Any]:
    """Close a wave and make its release, in the name of whoever asked for it."""
    if _state_after_closing(parts, job) == "open":
        return {}
    job.progress(1, 2)
    claim = job.claim
    release_id = close.make_release(
        parts.db, parts.keys, claim.organisation_id, claim.payload["wave_id"], claim.created_by
    )
    return {"release_id": str(release_id)}


def _state_after_closing(parts: Services, job: Job) -> str:
    """Close the wave, unless it was released (then nothing is left to close), or the clock's time
    was moved into the future: then it stays open."""
    claim = job.claim
    organisation_id, wave_id = claim.organisation_id, claim.payload["wave_id"]

    def present() -> Wave:
        with parts.db.reading() as session:
            return wave_by_id(session, organisation_id, wave_id)

    if present().state == "released":
        return "released"
    try:
        close.close_wave(parts.db, parts.keys, organisation_id, wave_id, claim.created_by)
    except InvalidInput:  # who closes before the promised time says why; the clock cannot
        if "at" not in claim.payload or not is_early(present()):
            raise
        return "open"
    return "closed"


def delete_what_is_due(parts: Services, job: Job) -> dict[str, Any]:
    """Delete what the organisation may no longer keep; tried again while a reader is in the way."""
    done = retention.run(parts, job.claim.organisation_id)
    if not done.clean:
        raise RuntimeError("a reader held the database's log back")
    return {"invitations": done.invitations, "keys": done.keys}


def _members(
    header: ReleaseHeader, documents: Sequence[str], languages: Sequence[str]
) -> Iterator[str]:
    """Names within the ZIP, in the order in which the reports are made."""
    for text in documents:
        unit = unit_from_json(text).unit
        for language in languages:
            yield file_names.member_name(header, unit.name, unit.code, language, languages)


def _zip(files: Iterable[tuple[Path, str]], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # PDFs are packed already
        for path, name in files:
            archive.write(path, name)
