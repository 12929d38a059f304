"""The auditor's clearance: no release is stored without it, and any stored one can be audited."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import cattrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.disclosure.auditor import AuditReport, audit
from survey.disclosure.model import Item, Measured, Node, Protected, Tabulation
from survey.errors import Exposed, Fault
from survey.release.models import Release, ReleaseTable
from survey.study.models import Wave


@dataclass(frozen=True)
class Printed:
    """Everything that a release prints, as one table: its tree, its items, its cells."""

    k: int
    nodes: tuple[Node, ...]
    items: tuple[Item, ...]
    protected: Protected


@dataclass(frozen=True)
class Audited:
    """The auditor's report on one stored release."""

    ordinal: int
    label: str
    digest: str
    report: AuditReport


_converter = cattrs.Converter(omit_if_default=True)


def clear(report: AuditReport) -> None:
    """Raise Exposed, naming every cell, when the auditor found something."""
    if not report.passed:
        raise Exposed(
            "The release would give people away; nothing was stored.",
            [Fault(each.cell, f"{each.statistic}: {each.what}") for each in report.exposures],
        )


def audit_printed(printed: Printed, measured: Measured | None = None) -> AuditReport:
    """Audit what is printed. ``measured`` supposes an attacker who knows who answered."""
    tabulation = Tabulation(printed.nodes, printed.protected)
    return audit([tabulation], printed.items, printed.k, truth=measured)


def audit_stored(session: Session, organisation_id: int, study_id: int) -> list[Audited]:
    """Audit every stored release of a study, in the order of its waves.

    Answers of different waves are different unknowns, so each release is a system of its own.
    """
    rows = session.execute(
        sa.select(Wave.ordinal, Wave.label, Release.digest, ReleaseTable.table)
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
    return [
        Audited(ordinal, label, digest, audit_printed(from_text(table)))
        for ordinal, label, digest, table in rows
    ]


def to_text(printed: Printed) -> str:
    """The table as JSON."""
    plain = _converter.unstructure(printed)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_text(text: str) -> Printed:
    """The table that :func:`to_text` wrote."""
    return _converter.structure(json.loads(text), Printed)


def summary(audited: Sequence[Audited]) -> str:
    """A report that a privacy officer can read."""
    lines = []
    for each in audited:
        looked = ", ".join(f"{count} {what}" for what, count in each.report.examined.items())
        lines.append(f"Wave {each.ordinal} ({each.label}), release {each.digest[:12]}")
        lines.append(f"  examined: {looked}")
        if each.report.passed:
            lines.append("  exposed: nothing")
        lines.extend(f"  EXPOSED {exposure}" for exposure in each.report.exposures)
    lines.append("")
    lines.append("(a) a hidden value that only one number fits")
    lines.append("(b) a hidden group of fewer than k people whose mean lies within 50 points")
    lines.append("(c) a hidden count that at most two numbers fit")
    lines.append(
        "An index beside the distributions of its items was set against all cells when the"
    )
    lines.append("release was made, with numbers of answers that are not stored.")
    return "\n".join(lines)
