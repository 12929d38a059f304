"""What people were promised is not taken back, and who tried is known."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import sqlalchemy as sa

from survey.audit.log import verify
from survey.audit.models import Event
from survey.instrument.model import Instrument
from survey.invitations.issuing import create_invitations
from survey.study import frozen_terms
from survey.study.closing import mark_closed
from survey.study.find import find_wave
from survey.study.frozen_terms import Weakening
from survey.study.models import Study
from survey.study.studies import update_study
from survey.study.waves import create_wave, open_wave


@pytest.fixture
def frozen(both: Any) -> Any:
    with both.db.transaction() as session:
        wave = both.wave(session)
        create_invitations(session, both.secret, both.keys, wave)
        open_wave(session, both.keys, both.library, wave)
    return both


def refusals(place: Any) -> list[tuple[str, dict[str, str]]]:
    with place.db.reading() as session:
        assert verify(session, place.organisation_id) == []
        found = session.execute(
            sa.select(Event.actor, Event.details).where(Event.action == "study.weakening_refused")
        )
        return [(row.actor, row.details) for row in found]


@pytest.mark.parametrize("k", [4, 5, 6])
def test_a_lower_k_is_refused_and_recorded(frozen: Any, k: int) -> None:
    with frozen.db.transaction() as session:  # as if it had been opened with a higher one
        session.execute(sa.update(Study).values(k=7))
    with pytest.raises(Weakening, match="promised"), frozen.db.transaction() as session:
        update_study(session, frozen.library, frozen.study(session), k=k, actor="person:9")
    assert refusals(frozen) == [("person:9", {"what": "k", "wanted": str(k)})]
    with frozen.db.reading() as session:
        assert frozen.study(session).k == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [("k", 5), ("mode", "sealed"), ("public_level", 3), ("frozen_at", None)],
)
def test_no_code_can_weaken_a_frozen_study(frozen: Any, name: str, value: object) -> None:
    with frozen.db.transaction() as session:
        session.execute(sa.update(Study).values(k=7))
    with pytest.raises(Weakening), frozen.db.transaction() as session:
        setattr(frozen.study(session), name, value)
    assert [details["what"] for _, details in refusals(frozen)] == [name]


def test_more_cannot_become_public_than_people_were_told_and_the_attempt_is_recorded(
    frozen: Any,
) -> None:
    def raise_it(level: int) -> None:
        with frozen.db.transaction() as session:
            study = frozen.study(session)
            update_study(session, frozen.library, study, public_level=level, actor="person:9")

    with pytest.raises(Weakening, match="promised"):
        raise_it(2)
    assert refusals(frozen) == [("person:9", {"what": "public_level", "wanted": "2"})]
    with frozen.db.reading() as session:
        assert frozen.study(session).public_level == 1


def test_less_may_become_public_at_any_time_and_then_never_more_again(frozen: Any) -> None:
    with frozen.db.transaction() as session:
        update_study(session, frozen.library, frozen.study(session), public_level=0)
    with pytest.raises(Weakening), frozen.db.transaction() as session:
        update_study(session, frozen.library, frozen.study(session), public_level=1)
    with frozen.db.reading() as session:
        assert frozen.study(session).public_level == 0


def test_an_attempt_is_recorded_also_when_its_error_is_caught(frozen: Any) -> None:
    with frozen.db.transaction() as session:
        with pytest.raises(Weakening):
            frozen_terms.check_mode(session, frozen.study(session), "other", "key:3")
        frozen.study(session).name = "Et annet navn"
    assert refusals(frozen) == [("key:3", {"what": "mode", "wanted": "other"})]
    with frozen.db.reading() as session:
        assert frozen.study(session).name == "Et annet navn"


def test_a_later_questionnaire_may_not_ask_more_about_the_person(frozen: Any) -> None:
    with frozen.db.transaction() as session:
        first = frozen.wave(session)
        plain = {**first.instrument}
        plain["questions"] = [q for q in plain["questions"] if not q.get("purpose")]
        asked = {q["id"] for q in plain["questions"]}
        plain["pages"] = [
            {**page, "questions": [q for q in page.get("questions", []) if q in asked]}
            for page in plain["pages"]
        ]
        assert len(plain["questions"]) < len(first.instrument["questions"])
        assert Instrument.from_dict(plain)
        first.instrument = plain  # the first wave asked nothing about roles
        session.flush()
        mark_closed(session, first)
        second = create_wave(session, frozen.study(session), phase="after")
        create_invitations(session, frozen.secret, frozen.keys, second)

    def try_it() -> None:
        with frozen.db.transaction() as session:
            second = find_wave(session, frozen.study(session), 2)
            open_wave(session, frozen.keys, frozen.library, second, actor="person:1")

    with pytest.raises(Weakening, match="about the person"):
        try_it()
    [(actor, details)] = refusals(frozen)
    assert actor == "person:1"
    assert details["what"] == "questions about the person"
    with frozen.db.reading() as session:
        assert find_wave(session, frozen.study(session), 2).state == "draft"


@pytest.mark.parametrize("added", ["single", "multiple", "text", "option"])
def test_a_later_questionnaire_may_not_ask_anything_new_besides_ratings(
    frozen: Any, added: str
) -> None:
    """How long one has worked here, or a box to write in, points at people as much as a role."""
    text = {"nb": "Ny", "nn": "Ny", "en": "New"}
    with frozen.db.transaction() as session:
        plain = copy.deepcopy(frozen.wave(session).instrument)
        if added == "option":
            asked = next(q for q in plain["questions"] if q["type"] == "multiple")
            asked["options"].append({"id": "new", "text": text})
        else:
            options = [{"id": "new_a", "text": text}, {"id": "new_b", "text": text}]
            new = {"id": "new", "type": added, "text": text}
            plain["questions"].append(new if added == "text" else {**new, "options": options})
            plain["pages"][-1].setdefault("questions", []).append("new")
        study, later = frozen.study(session), Instrument.from_dict(plain)
        with pytest.raises(Weakening, match="about the person"):
            frozen_terms.check_instrument(session, study, later, "person:1")


def test_a_later_questionnaire_may_ask_less_and_rate_more(frozen: Any) -> None:
    with frozen.db.transaction() as session:
        plain = copy.deepcopy(frozen.wave(session).instrument)
        gone = plain["questions"].pop()["id"]
        for page in plain["pages"]:
            page["questions"] = [q for q in page.get("questions", []) if q != gone]
        item = {**plain["dimensions"][0]["items"][0], "id": "new_item"}
        plain["dimensions"][0]["items"].append(item)
        frozen_terms.check_instrument(
            session, frozen.study(session), Instrument.from_dict(plain), "person:1"
        )
    assert refusals(frozen) == []


def test_before_the_first_wave_k_may_change_without_an_alarm(both: Any) -> None:
    with both.db.transaction() as session:
        update_study(session, both.library, both.study(session), k=8)
    assert refusals(both) == []
