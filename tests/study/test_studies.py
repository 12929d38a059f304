"""Studies: what is wrong is told at once, and what was promised cannot be lowered."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from survey.audit.models import Event
from survey.core.errors import Conflict, InvalidInput, NotFound
from survey.study.studies import create_study, studies, study_by_code, update_study
from survey.study.waves import open_wave

LINE = "baerum-barometer"


def make(place, **changes):
    given = {"code": "T", "name": "To", "instrument": LINE, **changes}
    with place.db.transaction() as session:
        return create_study(session, place.library, place.organisation_id, **given)


def change(place, **changes):
    with place.db.transaction() as session:
        return update_study(session, place.library, place.study(session), **changes)


def test_a_study_speaks_all_languages_of_its_instrument_unless_told_otherwise(place):
    assert make(place).languages == list(place.library.get(LINE).languages)
    assert make(place, code="U", languages=["nn"]).languages == ["nn"]


def test_every_fault_of_a_study_is_told_at_once(place):
    with pytest.raises(InvalidInput) as caught:
        make(
            place,
            code="a b",
            name=" ",
            k=4,
            languages=["se", "nb", "nb"],
            public_level=4,
        )
    assert {str(fault.where) for fault in caught.value.faults} == {
        "code",
        "name",
        "k",
        "languages",
        "public_level",
    }


def test_an_unknown_instrument_is_refused_with_those_there_are(place):
    with pytest.raises(InvalidInput, match=LINE):
        make(place, instrument="nothing")


def test_a_code_is_taken_once(place):
    with pytest.raises(Conflict):
        make(place, code="S")


def test_k_is_raised_only(place):
    assert change(place, k=7).k == 7
    with pytest.raises(Conflict, match="raised"):
        change(place, k=6)


def test_k_and_languages_are_fixed_when_the_first_wave_opens(place):
    with place.db.transaction() as session:
        open_wave(session, place.keys, place.library, place.wave(session))
    with pytest.raises(Conflict, match="promised"):
        change(place, k=8)
    with pytest.raises(Conflict, match="languages"):
        change(place, languages=["nb"])
    assert change(place, name="Nytt navn").name == "Nytt navn"


def test_areas_directly_below_the_municipality_are_public_unless_told_otherwise(place):
    assert make(place).public_level == 1
    assert make(place, code="U", public_level=3).public_level == 3


def test_the_public_level_goes_both_ways_until_the_first_wave_opens(place):
    assert change(place, public_level=3).public_level == 3
    assert change(place, public_level=2).public_level == 2
    with pytest.raises(InvalidInput, match="from 0 to 3"):
        change(place, public_level=-1)


def test_the_database_itself_refuses_a_k_below_five(both):
    with pytest.raises(sa.exc.IntegrityError), both.db.transaction() as session:
        both.study(session).k = 4


def test_studies_are_listed_in_pieces(place):
    for code in ("A", "B", "C"):
        make(place, code=code)
    with place.db.reading() as session:
        listed = studies(session, place.organisation_id, after="A", limit=2)
    assert [study.code for study in listed] == ["B", "C"]


def test_a_study_of_another_organisation_is_not_found(place):
    with place.db.reading() as session, pytest.raises(NotFound):
        study_by_code(session, place.organisation_id + 1, "S")


def test_changes_are_recorded(place):
    change(place, k=7)
    with place.db.reading() as session:
        actions = session.scalars(sa.select(Event.action).order_by(Event.sequence)).all()
        details = session.scalars(sa.select(Event.details).order_by(Event.sequence)).all()
    assert actions[-3:] == ["study.created", "wave.created", "study.changed"]
    assert details[-1] == {
        "k": 7,
        "mode": "ordinary",
        "public_level": 1,
        "languages": ["nb", "nn", "en"],
        "renamed": False,
    }
