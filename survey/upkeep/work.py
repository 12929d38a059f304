"""The kinds of background work: what a task's payload means, and what is done.

=============  =====================================================  ==========================
kind           payload                                                result
=============  =====================================================  ==========================
unit_report    ``study``, ``unit``, ``language``; ``ordinal`` or None  a PDF
unit_reports   ``study``, ``languages``; ``ordinal`` or None           a ZIP of PDFs
open           ``wave_id``                                            nothing
close          ``wave_id``                                            what a release would hide
release        ``wave_id``                                            ``release_id``
retention      nothing                                                counts of what was deleted
=============  =====================================================  ==========================

Each may be started again after a stop at any point, and then ends as if it had run once.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from survey.instrument.library import Library
from survey.jobs.execution import Job, Work
from survey.release import close, preview
from survey.release.document import ReleaseHeader, header_from_json, unit_from_json
from survey.release.load import find_wave
from survey.reports import names
from survey.study import waves
from survey.study.signing import make_ready
from survey.study.studies import study_by_code
from survey.upkeep import files, material, retention
from survey.upkeep.services import Services

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
    from survey.reports.unit_report import UnitReportRenderer

    wanted, organisation_id = job.claim.payload, job.claim.organisation_id
    with parts.db.reading() as session:
        study = study_by_code(session, organisation_id, wanted["study"])
        known = material.of_unit(session, study, wanted["unit"], wanted.get("ordinal"))
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
    target = files.folder(parts.settings, organisation_id) / f"{job.claim.task_id}.pdf"
    with files.whole(target) as temporary:
        temporary.write_bytes(pdf)
    job.progress(1, 1)
    facts = stored.unit.unit
    name = names.report_name(stored.header, facts.name, facts.code, language)
    return {"file": target.name, "name": name, "media_type": "application/pdf"}


def unit_reports(parts: Services, job: Job) -> dict[str, Any]:
    """All units' PDFs of a release, as one ZIP. PDFs made before a stop are not made again."""
    from survey.reports.bulk import render_units

    wanted, organisation_id = job.claim.payload, job.claim.organisation_id
    with parts.db.reading() as session:
        study = study_by_code(session, organisation_id, wanted["study"])
        known = material.of_study(session, study, wanted.get("ordinal"))
    home = files.folder(parts.settings, organisation_id)
    folder = home / f"units-{known.digest[:24]}"
    made = render_units(
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
    with files.whole(target) as temporary:
        _zip(
            zip(made, _members(header, known.documents, wanted["languages"]), strict=True),
            temporary,
        )
    shutil.rmtree(folder, ignore_errors=True)
    name = names.archive_name(header, wanted["languages"])
    return {"file": target.name, "name": name, "media_type": "application/zip"}


def open_wave(parts: Services, job: Job) -> dict[str, Any]:
    """Open a draft whose time has come."""
    library = Library(parts.settings.instrument_dir)
    organisation_id, wave_id = job.claim.organisation_id, job.claim.payload["wave_id"]
    make_ready(parts.db, parts.keys, lambda session: find_wave(session, organisation_id, wave_id))
    with parts.db.transaction() as session:
        wave = find_wave(session, organisation_id, wave_id)
        if wave.state == "draft":
            waves.open_wave(session, parts.keys, library, wave, actor="worker")
    return {}


def close_only(parts: Services, job: Job) -> dict[str, Any]:
    """Close a wave, and compute what its release would hide for those who look before it."""
    organisation_id, wave_id = job.claim.organisation_id, job.claim.payload["wave_id"]
    close.close_wave(parts.db, parts.keys, organisation_id, wave_id, job.claim.created_by)
    return {"preview": preview.to_plain(preview.preview(parts.db, organisation_id, wave_id))}


def release(parts: Services, job: Job) -> dict[str, Any]:
    """Close a wave and make its release, in the name of whoever asked for it."""
    made = close.close_and_release(
        parts.db,
        parts.keys,
        job.claim.organisation_id,
        job.claim.payload["wave_id"],
        job.claim.created_by,
    )
    return {"release_id": str(made)}


def delete_what_is_due(parts: Services, job: Job) -> dict[str, Any]:
    """Delete what the organisation may no longer keep; tried again while a reader is in the way."""
    done = retention.run(parts, job.claim.organisation_id)
    if not done.clean:
        raise RuntimeError("a reader held the database's log back")
    return asdict(done)


def _members(
    header: ReleaseHeader, documents: Sequence[str], languages: Sequence[str]
) -> Iterator[str]:
    """Names within the ZIP, in the order in which the reports are made."""
    for text in documents:
        unit = unit_from_json(text).unit
        for language in languages:
            yield names.member_name(header, unit.name, unit.code, language, languages)


def _zip(made: Iterable[tuple[Path, str]], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # PDFs are packed already
        for path, name in made:
            archive.write(path, name)
