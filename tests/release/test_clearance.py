"""No release without the auditor's clearance, and any stored one can be audited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from survey.db import Database
from survey.disclosure.engine import protect
from survey.errors import Exposed
from survey.release import compute as computing
from survey.release.clearance import (
    Printed,
    audit_printed,
    audit_stored,
    clear,
    from_text,
    summary,
    to_text,
)
from survey.release.close import close_and_release
from survey.release.compute import Computed, compute
from survey.release.models import Release, ReleaseTable
from survey.secret import Secret
from survey.study.keys import KeyStore
from survey.study.models import Wave
from tests.release.journey import Journey, start
from tests.release.samples import frame
from tests.release.test_compute import TREE, sheets

ANSWERS = {"n1": 22, "n2": 12, "n3": 4, "s1": 28, "s2": 11}


@pytest.fixture(scope="module")
def computed() -> Computed:
    return compute(frame(TREE), sheets())


def unprotected(computed: Computed) -> Printed:
    """The same wave with primary suppression only."""
    printed = computed.printed
    open_cells = protect(computed.measured, printed.nodes, printed.k, secondary=False)
    return replace(printed, protected=open_cells)


def test_a_protected_release_is_cleared(computed: Computed) -> None:
    clear(computed.audit)
    assert audit_printed(computed.printed, computed.measured).passed


def test_a_release_that_subtraction_opens_is_refused_with_its_cells(computed: Computed) -> None:
    with pytest.raises(Exposed) as refused:
        clear(audit_printed(unprotected(computed), computed.measured))
    assert "n4" in {fault.where for fault in refused.value.faults}


def test_the_stored_table_reads_back_whole(computed: Computed) -> None:
    assert from_text(to_text(computed.printed)) == computed.printed


def test_the_stored_table_alone_is_enough_to_find_the_leak(computed: Computed) -> None:
    assert not audit_printed(from_text(to_text(unprotected(computed)))).passed
    assert audit_printed(from_text(to_text(computed.printed))).passed


@pytest.fixture
def journey(database: Database, tmp_path: Path) -> Journey:
    return start(database, KeyStore(tmp_path / "keys"), Secret(b"s" * 32))


def test_a_failing_audit_stores_nothing_and_keeps_the_wave_closed(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.answer(ANSWERS)
    monkeypatch.setattr(computing, "protect", lambda *given: protect(*given, secondary=False))
    with pytest.raises(Exposed):  # the numbers of answers themselves can be subtracted
        close_and_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    with journey.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Release)) == 0
        assert session.scalar(sa.select(Wave.state)) == "closed"
    monkeypatch.undo()
    close_and_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)


def test_a_stored_release_is_audited_and_told_in_words(journey: Journey) -> None:
    journey.answer(ANSWERS)
    close_and_release(journey.db, journey.keys, journey.organisation_id, journey.wave.id)
    with journey.db.reading() as session:
        audited = audit_stored(session, journey.organisation_id, journey.study.id)
        assert session.scalar(sa.select(sa.func.count()).select_from(ReleaseTable)) == 1
    assert [each.report.passed for each in audited] == [True]
    assert "exposed: nothing" in summary(audited)
