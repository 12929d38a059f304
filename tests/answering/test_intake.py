"""One code, one answer: whatever arrives at the same time, again, late or forged."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from survey.answering.admission import UnknownCode, UsedCode
from survey.answering.intake import Accepted, AlreadyReceived, check, submit
from survey.answering.store import Inbox
from survey.core.db import now
from survey.core.errors import Closed, InvalidInput, NotYetOpen, SurveyError
from survey.invitations.codes import MistypedCode
from survey.study.closing import mark_closed
from survey.study.models import Invitation, Wave
from survey.study.reasons import Reason
from tests.answering.conftest import World

Answers = Callable[..., dict[str, Any]]


def send(world: World, code: str, given: Any, submission: str = "") -> Accepted | AlreadyReceived:
    with world.db.transaction() as session:
        return submit(session, world.secret, code, submission or str(uuid.uuid4()), given)


def test_an_answer_is_sealed_for_its_unit_and_the_code_is_spent(
    any_world: World, answers: Answers
) -> None:
    code = any_world.codes["north"][0]
    assert send(any_world, code.link, answers(words=["tid", "rom"])) == Accepted()
    (stored,) = any_world.inbox()
    assert stored.unit_id == any_world.units["north"]
    assert stored.role == "employee"
    assert stored.texts == {"help": ["Mer tid"], "words": ["tid", "rom"]}
    assert any_world.layout.decode(stored.sheet)["items"] == {"trust": 4, "time": 2, "leader": "na"}
    assert any_world.spent() == 1


def test_the_printed_code_spends_the_same_invitation(world: World, answers: Answers) -> None:
    code = world.codes["north"][0]
    send(world, code.short.lower().replace("-", " "), answers())
    with pytest.raises(UsedCode):
        send(world, code.link, answers())


def test_a_merged_units_answer_counts_where_the_wave_says(world: World, answers: Answers) -> None:
    send(world, world.codes["small"][0].link, answers())
    assert world.inbox()[0].unit_id == world.units["south"]


def test_the_role_comes_from_the_questionnaire(world: World, answers: Answers) -> None:
    send(world, world.codes["north"][0].link, answers(position="manager"))
    assert world.inbox()[0].role == "leader"


@pytest.mark.parametrize("same", [True, False], ids=["same submission", "own submissions"])
def test_fifty_at_once_store_one(any_world: World, answers: Answers, same: bool) -> None:
    code = any_world.codes["north"][0].link
    once = str(uuid.uuid4())

    def one(_: int) -> str:
        try:
            return type(send(any_world, code, answers(), once if same else "")).__name__
        except SurveyError as error:
            return type(error).__name__

    with ThreadPoolExecutor(50) as pool:
        outcomes = Counter(pool.map(one, range(50)))
    assert outcomes == {"Accepted": 1, "AlreadyReceived" if same else "UsedCode": 49}
    assert len(any_world.inbox()) == any_world.spent() == 1


def test_a_repeat_is_acknowledged_even_after_the_wave_has_closed(
    world: World, answers: Answers
) -> None:
    code, once = world.codes["north"][0].link, str(uuid.uuid4())
    assert send(world, code, answers(), once) == Accepted()
    assert send(world, code, answers(), once) == AlreadyReceived()
    world.change_wave(state="closed")
    assert send(world, code, answers(trust=1), once) == AlreadyReceived()
    assert len(world.inbox()) == 1


def test_a_closed_wave_does_not_tell_whether_the_code_was_used(
    world: World, answers: Answers
) -> None:
    used, fresh = (each.link for each in world.codes["north"][:2])
    send(world, used, answers())
    world.change_wave(state="closed")
    for code in (used, fresh):
        with pytest.raises(Closed, match="This survey has closed"):
            send(world, code, answers())


def test_one_submission_id_used_with_two_codes_does_not_join_them(
    world: World, answers: Answers
) -> None:
    once = str(uuid.uuid4())
    for code in world.codes["north"][:2]:
        assert send(world, code.link, answers(), once) == Accepted()
    with world.db.reading() as session:
        spent = sa.select(Invitation.submission_hash).where(Invitation.spent)
        hashes = session.scalars(spent).all()
    assert len(set(hashes)) == len(hashes) == 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"state": "draft"}, NotYetOpen),
        ({"opens_at": now() + timedelta(hours=1)}, NotYetOpen),
        ({"state": "closed"}, Closed),
        ({"state": "released"}, Closed),
        ({"closes_at": now() - timedelta(seconds=1)}, Closed),
    ],
)
def test_only_an_open_wave_takes_answers(
    world: World, answers: Answers, change: dict[str, Any], error: type[SurveyError]
) -> None:
    world.change_wave(**change)
    with pytest.raises(error):
        send(world, world.codes["north"][0].link, answers())
    assert world.inbox() == []
    assert world.spent() == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", MistypedCode),
        ("ABCDE-12345", MistypedCode),
        ("0" * 26, UnknownCode),
        ("0000000000", UnknownCode),
        ("x" * 10_000, MistypedCode),
    ],
)
def test_an_unknown_code_stores_nothing(
    world: World, answers: Answers, code: str, error: type[SurveyError]
) -> None:
    with pytest.raises(error):
        send(world, code, answers())
    assert world.inbox() == []


def test_every_fault_is_told_by_path_and_nothing_is_stored(world: World) -> None:
    given = {
        "items": {"trust": True, "time": 3.0, "leader": "3", "tust": 1},
        "questions": {"effects": ["nothing", "better"], "help": "x" * 601, "unit": "south"},
        "wave": 2,
    }
    with pytest.raises(InvalidInput) as caught:
        send(world, world.codes["north"][0].link, given)
    assert {str(fault.where) for fault in caught.value.faults} == {
        "answers.wave",
        "answers.items.tust",
        "answers.items.trust",
        "answers.items.time",
        "answers.items.leader",
        "answers.questions.unit",
        "answers.questions.effects",
        "answers.questions.help",
    }
    assert world.inbox() == []
    assert world.spent() == 0


@pytest.mark.parametrize("submission", ["", "short", "x" * 65, "a" * 21, "å" * 30, "a b" * 10])
def test_a_submission_id_must_be_random_enough(
    world: World, answers: Answers, submission: str
) -> None:
    with pytest.raises(InvalidInput), world.db.transaction() as session:
        submit(session, world.secret, world.codes["north"][0].link, submission, answers())


def test_a_check_says_what_sending_would_and_spends_nothing(world: World, answers: Answers) -> None:
    code = world.codes["north"][0].link
    with world.db.reading() as session:
        check(session, world.secret, code, answers())
        with pytest.raises(InvalidInput) as caught:
            check(session, world.secret, code, answers(trust=None))
    assert [str(fault.where) for fault in caught.value.faults] == ["answers.items.trust"]
    assert world.spent() == 0


def test_html_in_a_text_is_kept_as_it_was_typed(world: World, answers: Answers) -> None:
    text = "<script>alert('hei')</script> & =1+1"
    send(world, world.codes["north"][0].link, answers(help=text))
    assert world.inbox()[0].texts["help"] == [text]


def test_spending_changes_two_values_and_neither_comes_from_the_answers(
    world: World, answers: Answers
) -> None:
    def rows() -> dict[uuid.UUID, dict[str, Any]]:
        with world.db.reading() as session:
            found = session.execute(sa.select(Invitation.__table__)).mappings().all()
        return {row["id"]: dict(row) for row in found}

    before = rows()
    for code, help_ in zip(world.codes["north"], ("a", "b", "a"), strict=True):
        send(world, code.link, answers(help=help_), "a" * 30)
    changed = {key: row for key, row in rows().items() if row != before[key]}
    assert len(changed) == 3
    for key, row in changed.items():
        proof = world.secret.hash("submission", key.bytes + b"a" * 30)
        assert row == {**before[key], "spent": True, "submission_hash": proof}


def test_a_wave_cannot_close_between_an_answers_check_and_its_storing(
    any_world: World, answers: Answers
) -> None:
    """Taken away (no row lock), PostgreSQL closes at once and the answer misses the opening."""
    at_closing: list[int] = []

    def close() -> None:
        with any_world.db.transaction() as session:
            key = (any_world.wave.organisation_id, any_world.wave.id)
            mark_closed(session, session.get_one(Wave, key), reason=Reason("technical", "tried"))
            at_closing.append(session.scalar(sa.select(sa.func.count()).select_from(Inbox)) or 0)

    with any_world.db.transaction() as session:
        code = any_world.codes["north"][0].link
        submit(session, any_world.secret, code, str(uuid.uuid4()), answers())
        closing = Thread(target=close)
        closing.start()
        closing.join(0.5)
        assert closing.is_alive()
    closing.join(10)
    assert at_closing == [1]
