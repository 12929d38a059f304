"""The auditor at work: before a release is stored, and on any that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.core.errors import Exposed, Fault, say
from survey.disclosure.auditor import Finding, audit, block_lines
from survey.release.codec import header_from_json, to_plain, unit_from_json
from survey.release.compute import Computed
from survey.release.models import Release, ReleaseTable, ReleaseUnit
from survey.release.sealed import blocks_from_text
from survey.study.models import Wave


@dataclass(frozen=True)
class Audited:
    """The auditor's report on one stored release; ``told``: its blocks in words."""

    ordinal: int
    label: str
    digest: str
    schema: int
    findings: tuple[str, ...]
    told: tuple[str, ...] = ()


def findings(computed: Computed) -> tuple[Finding, ...]:
    """What is wrong with a release that was computed."""
    units = [to_plain(unit) for unit in computed.units]
    return audit(to_plain(computed.header), units, computed.blocks)


def refuse_findings(computed: Computed) -> None:
    """Raise Exposed when the auditor finds anything: a fault of the program, not of the wave."""
    problems = findings(computed)
    if problems:
        raise Exposed(
            "release_check_failed",
            [Fault(finding.where, say("as_told", error=finding.what)) for finding in problems],
        )


def audit_stored(session: Session, organisation_id: int, study_id: int) -> list[Audited]:
    """Audit every stored release of a study, in the order of its waves."""
    rows = session.execute(
        sa.select(Wave.ordinal, Wave.label, Release, ReleaseTable.table)
        .join(
            Release,
            sa.and_(Release.organisation_id == Wave.organisation_id, Release.wave_id == Wave.id),
        )
        .join(
            ReleaseTable,
            sa.and_(
                ReleaseTable.organisation_id == Release.organisation_id,
                ReleaseTable.release_id == Release.id,
            ),
        )
        .where(Wave.organisation_id == organisation_id, Wave.study_id == study_id)
        .order_by(Wave.ordinal, Release.number)
    ).all()
    return [_audited(session, *row) for row in rows]


def _audited(session: Session, ordinal: int, label: str, release: Release, table: str) -> Audited:
    if release.schema == 1:
        return Audited(ordinal, label, release.digest, 1, ())
    documents = session.scalars(
        sa.select(ReleaseUnit.document)
        .where(
            ReleaseUnit.organisation_id == release.organisation_id,
            ReleaseUnit.release_id == release.id,
        )
        .order_by(ReleaseUnit.position)
    ).all()
    blocks = blocks_from_text(table)
    header = header_from_json(release.header)
    problems = audit(
        to_plain(header), [to_plain(unit_from_json(document)) for document in documents], blocks
    )
    names = {entry.code: entry.name for entry in header.units}
    return Audited(
        ordinal,
        label,
        release.digest,
        release.schema,
        tuple(map(str, problems)),
        tuple(block_lines(blocks, names)),
    )


def summary(audited: Sequence[Audited]) -> str:
    """A report that a privacy officer can read."""
    lines = []
    for release in audited:
        lines.append(f"Wave {release.ordinal} ({release.label}), release {release.digest[:12]}")
        if release.schema == 1:
            lines.append("  released under the first design; printed under today's forms")
            continue
        lines.extend(f"  {line}" for line in release.told)
        lines.extend(f"  FINDING {finding}" for finding in release.findings)
        if not release.findings:
            lines.append("  every number is a sum over these blocks; nothing else is printed")
    return "\n".join(lines)
