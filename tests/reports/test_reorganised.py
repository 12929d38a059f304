"""A municipality is reorganised between two measurements: real imports, waves and releases; what
the page and the PDF then say in three languages."""

from __future__ import annotations

import pytest

from survey.organisation import changes, editing
from survey.organisation.changes import Decision
from survey.organisation.imports import apply, plan, read_csv
from survey.release import read
from survey.release.audit import audit_stored
from survey.reports.unit.report import UnitReportRenderer, dashboard
from tests.release.journey import Journey, open_next, start
from tests.reports.pdf_text import text_of
from tests.secrets_for_tests import SECRET_KEY

FIRST = {"n1": 20, "n2": 11, "n3": 7, "s1": 25, "s2": 9}
AFTER = """code;name;parent code;kind;headcount;predecessors;compare with;reason
k;Kommunen;;;0;;;
nord;Område nord;k;område;0;;;
n1;Solbakken oppvekstsenter;nord;barnehage;24;;;
n3;Lia bofellesskap;sor;bofellesskap;8;;;
sor;Område sør;k;område;0;;;
fj;Fjell og havn;nord;skole;26;n2 s2;;To like store enheter med hver sin leder
s1;Elvestien sykehjem;sor;sykehjem;20;s1;s1;Nesten alle er de samme
s9;Elvestien dagsenter;sor;dagsenter;10;s1;;Nye ledere og en ny oppgave
"""
SECOND = {"n1": 19, "fj": 20, "n3": 7, "s1": 15, "s9": 8}
LANGUAGES = ("nb", "nn", "en")


@pytest.fixture(scope="module")
def reorganised(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    from survey.core.config import Settings
    from survey.core.secret import load_secret
    from survey.core.services import build
    from tests.databases import migrated_database

    folder = tmp_path_factory.mktemp("reorganised")
    settings = Settings(data_dir=folder, secret_key=SECRET_KEY)
    migrated_database(settings.database).dispose()
    parts = build(settings)
    load_secret(parts.settings)
    journey = start(parts.db, parts.keys, parts.secret)
    journey.answer(FIRST)
    journey.finish()
    with parts.db.transaction() as session:
        rows = read_csv(AFTER.encode())
        apply(session, journey.organisation_id, plan(session, journey.organisation_id, rows))
    journey.wave, journey.codes = open_next(
        parts.db, parts.keys, parts.secret, journey.study, "after"
    )
    journey.answer(SECOND, seed=7)
    journey.finish()
    return journey


def stored(journey: Journey, code: str, ordinal: int = 2) -> read.StoredUnit:
    with journey.db.reading() as session:
        return read.unit_document(session, journey.organisation_id, journey.study.id, code, ordinal)


def page(journey: Journey, code: str, language: str = "nb") -> str:
    found = stored(journey, code)
    view = dashboard(found.header, found.unit, language)
    return " ".join(said for part in view.sections for said in part.sentences)


def printed(journey: Journey, code: str, language: str) -> str:
    found = stored(journey, code)
    content = UnitReportRenderer().render(found.header, found.unit, language, found.digest)
    return text_of(content, 2)


def test_a_renamed_unit_is_compared_with_itself_and_every_report_tells_its_old_name(
    reorganised: Journey,
) -> None:
    unit = stored(reorganised, "n1").unit
    assert unit.changes[0].comparable
    assert unit.changes[0].overall.earlier == stored(reorganised, "n1", 1).unit.overall.index
    told = {
        "nb": "Enheten het «Solbakken barnehage» til og med målingen",
        "nn": "Eininga heitte «Solbakken barnehage» til og med målinga",
        "en": "The unit was called “Solbakken barnehage” up to and including the wave",
    }
    for language in LANGUAGES:
        assert told[language] in page(reorganised, "n1", language)
        assert told[language] in printed(reorganised, "n1", language)


def test_a_moved_unit_is_compared_with_itself_and_its_areas_say_who_came_and_left(
    reorganised: Journey,
) -> None:
    said = page(reorganised, "n3")
    assert "ble flyttet fra «Område nord» til «Område sør» etter målingen" in said
    assert stored(reorganised, "n3").unit.changes[0].comparable
    south = page(reorganised, "sor")
    assert "«Lia bofellesskap» kommet til" in south.replace("har ", "")
    # Havna went into a unit of the northern area; Elvestien's new day centre was here before
    assert "«Havna barnehage» hører ikke lenger med" in south
    assert "dagsenter" not in south
    assert "noe av endringen" not in page(reorganised, "k")


def test_a_merged_unit_has_no_verdict_and_no_history_and_says_why(reorganised: Journey) -> None:
    unit = stored(reorganised, "fj").unit
    change = unit.changes[0]
    assert (change.comparable, change.overall.verdict) == (False, "hidden")
    assert not change.dimensions
    assert not unit.history
    assert not unit.unit.is_new
    told = {
        "nb": "slått sammen av «Fjellheim skole» og «Havna barnehage» etter målingen",
        "nn": "slått saman av «Fjellheim skole» og «Havna barnehage» etter målinga",
        "en": "merging “Fjellheim skole” and “Havna barnehage” after the wave",
    }
    cannot = {
        "nb": "tallene før og etter kan ikke sammenlignes: To like store enheter",
        "nn": "tala før og etter kan ikkje samanliknast: To like store enheter",
        "en": "figures before and after cannot be compared: To like store enheter",
    }
    for language in LANGUAGES:
        for said in (page(reorganised, "fj", language), printed(reorganised, "fj", language)):
            assert told[language] in said
            assert cannot[language] in said
            assert "→" not in said.split(told[language])[0]


def test_the_part_that_continues_a_split_unit_is_compared_and_the_other_is_not(
    reorganised: Journey,
) -> None:
    kept, new = stored(reorganised, "s1").unit, stored(reorganised, "s9").unit
    assert kept.changes[0].comparable
    assert kept.changes[0].overall.earlier == stored(reorganised, "s1", 1).unit.overall.index
    assert "tallene fra før gjelder «Elvestien sykehjem»" in page(reorganised, "s1")
    assert not new.changes[0].comparable
    said = page(reorganised, "s9", "nn")
    assert "vart «Elvestien sykehjem» delt i «Elvestien sykehjem» og «Elvestien dagsenter»" in said
    assert "the unit is one of the parts" in printed(reorganised, "s9", "en")


def test_the_auditor_passes_both_releases(reorganised: Journey) -> None:
    with reorganised.db.reading() as session:
        found = audit_stored(session, reorganised.organisation_id, reorganised.study.id)
    assert [each.findings for each in found] == [(), ()]


def test_the_decision_is_final_once_the_wave_has_opened(reorganised: Journey) -> None:
    from survey.core.errors import Conflict

    with reorganised.db.transaction() as session:
        recorded = changes.listed(session, reorganised.organisation_id)
        assert recorded
        assert all(each.frozen_at is not None for each in recorded)
        merged = next(each for each in recorded if each.kind == "merged")
        with pytest.raises(Conflict, match="final"):
            changes.decide(
                session,
                reorganised.organisation_id,
                merged.id,
                Decision({"fj": "n2"}, 90, {"fj": "Omgjort"}),
            )
        with pytest.raises(Conflict, match="final"):
            changes.withdraw(session, reorganised.organisation_id, merged.id)


def test_what_is_done_after_the_wave_opened_belongs_to_the_next(reorganised: Journey) -> None:
    with reorganised.db.transaction() as session:
        editing.update_unit(
            session, reorganised.organisation_id, "s9", {"name": "Dagsenteret Elvestien"}
        )
        pending = [
            each
            for each in changes.listed(session, reorganised.organisation_id)
            if each.frozen_at is None
        ]
        assert [(each.kind, each.before) for each in pending] == [
            ("renamed", "Elvestien dagsenter")
        ]
