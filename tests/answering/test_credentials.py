"""Code → credential → answer: each once, whatever is sent again, at once, forged or elsewhere."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from survey.answering import blind, credentials
from survey.answering.admission import UnknownCode, UsedCode
from survey.answering.credentials import of_code
from survey.answering.intake import Accepted, AlreadyReceived, submit
from survey.core.db import now
from survey.core.errors import (
    Closed,
    Conflict,
    Forbidden,
    InvalidInput,
    KeyLost,
    NotFound,
    NotYetOpen,
    SurveyError,
)
from survey.invitations.codes import code_hash
from survey.study.credential_models import RedeemedCredential
from survey.study.models import Invitation, Study
from survey.study.participation import participation
from tests.answering.conftest import World
from tests.answering.crypto import Crypto, cryptographic
from tests.study.counting import count_answers

Answers = Callable[..., dict[str, Any]]


@pytest.fixture
def crypto(world: World, tmp_path: Path) -> Crypto:
    return cryptographic(world, tmp_path / "signing")


@pytest.fixture
def any_crypto(any_world: World, tmp_path: Path) -> Crypto:
    return cryptographic(any_world, tmp_path / "signing")


def invitation(crypto: Crypto, link: str) -> Invitation:
    with crypto.world.db.reading() as session:
        return session.scalars(
            sa.select(Invitation).where(
                Invitation.code_hash == code_hash(crypto.world.secret, link)
            )
        ).one()


def outcomes(work: Callable[[int], object]) -> Counter[str]:
    """What fifty at once came to, by name."""

    def one(number: int) -> str:
        try:
            found = work(number)
        except SurveyError as error:
            return type(error).__name__
        return "signed" if isinstance(found, bytes) else type(found).__name__

    with ThreadPoolExecutor(50) as pool:
        return Counter(pool.map(one, range(50)))


def test_a_code_becomes_a_credential_and_a_credential_an_answer(
    any_crypto: Crypto, answers: Answers
) -> None:
    world, code = any_crypto.world, any_crypto.world.codes["north"][0]
    mine = any_crypto.issue(code.link, any_crypto.draw())
    assert invitation(any_crypto, code.link).issued
    assert world.inbox() == []
    assert any_crypto.redeem(mine, answers(position="manager", words=["tid"])) == Accepted()
    (stored,) = world.inbox()
    assert stored.unit_id == world.units["north"]
    assert stored.role == "leader"
    assert stored.texts == {"help": ["Mer tid"], "words": ["tid"]}


def test_the_printed_code_is_exchanged_too(crypto: Crypto) -> None:
    code = crypto.world.codes["north"][0]
    crypto.issue(code.short.lower(), crypto.draw())
    with pytest.raises(UsedCode):
        crypto.issue(code.link, crypto.draw())


def test_a_merged_unit_is_attested_by_the_key_of_its_reporting_unit(
    crypto: Crypto, answers: Answers
) -> None:
    code = crypto.world.codes["small"][0].link
    with pytest.raises(InvalidInput):
        crypto.issue(code, own := crypto.draw("small"))
    with pytest.raises(Forbidden):
        crypto.redeem(own, answers())
    other = crypto.world.codes["small"][1].link
    crypto.redeem(crypto.issue(other, crypto.draw("south")), answers())
    assert crypto.world.inbox()[0].unit_id == crypto.world.units["south"]


def test_the_same_question_gets_the_same_answer_and_another_none(any_crypto: Crypto) -> None:
    """Until the wave closes: the network may have lost the first answer."""
    code = any_crypto.world.codes["north"][0].link
    mine = any_crypto.draw()
    first = any_crypto.issue(code, mine).signature
    assert any_crypto.issue(code, mine).signature == first
    with pytest.raises(UsedCode):
        any_crypto.issue(code, any_crypto.draw())
    assert any_crypto.issue(code, mine).signature == first


@pytest.mark.parametrize("same", [True, False], ids=["same message", "own messages"])
def test_fifty_issues_at_once_give_one_credential(any_crypto: Crypto, same: bool) -> None:
    code = any_crypto.world.codes["north"][0].link
    drawn = [any_crypto.draw()] * 50 if same else [any_crypto.draw() for _ in range(50)]
    world = any_crypto.world

    def one(number: int) -> bytes:
        message = drawn[number].blinded.message
        return credentials.issue(world.db, world.secret, any_crypto.keys, code, message)

    assert outcomes(one) == ({"signed": 50} if same else {"signed": 1, "UsedCode": 49})


def test_colleagues_at_once_all_get_theirs(any_crypto: Crypto, answers: Answers) -> None:
    """Every issue writes the unit's rows anew: none may overwrite another."""
    codes = [code.link for unit in ("north", "south") for code in any_crypto.world.codes[unit]]
    drawn = [any_crypto.draw("north" if n < 3 else "south") for n in range(6)]

    def one(number: int) -> object:
        mine = any_crypto.issue(codes[number % 6], drawn[number % 6])
        return any_crypto.redeem(mine, answers())

    assert outcomes(one) == {"Accepted": 6, "AlreadyReceived": 44}
    assert all(invitation(any_crypto, code).issued for code in codes)
    assert len(any_crypto.world.inbox()) == 6


def test_fifty_redemptions_at_once_store_one(any_crypto: Crypto, answers: Answers) -> None:
    mine = any_crypto.issue(any_crypto.world.codes["north"][0].link, any_crypto.draw())
    assert outcomes(lambda _: any_crypto.redeem(mine, answers())) == {
        "Accepted": 1,
        "AlreadyReceived": 49,
    }
    assert len(any_crypto.world.inbox()) == 1


def test_a_credential_and_the_code_itself_are_one_answer(crypto: Crypto, answers: Answers) -> None:
    """Whoever sends without JavaScript uses the ordinary mode; nobody has both."""
    world = crypto.world
    first, second = (code.link for code in world.codes["north"][:2])
    crypto.issue(first, crypto.draw())
    with pytest.raises(UsedCode), world.db.transaction() as session:
        submit(session, world.secret, first, str(uuid.uuid4()), answers())
    with world.db.transaction() as session:
        submit(session, world.secret, second, str(uuid.uuid4()), answers())
    with pytest.raises(UsedCode):
        crypto.issue(second, crypto.draw())
    assert not invitation(crypto, second).issued


def test_a_repeat_is_acknowledged_after_the_close_and_nothing_else(
    crypto: Crypto, answers: Answers
) -> None:
    sent, late = (
        crypto.issue(code.link, crypto.draw()) for code in crypto.world.codes["north"][:2]
    )
    crypto.redeem(sent, answers())
    crypto.world.change_wave(state="closed")
    assert crypto.redeem(sent, answers(trust=1)) == AlreadyReceived()
    with pytest.raises(Closed):
        crypto.redeem(late, answers())
    with pytest.raises(Closed):
        crypto.issue(crypto.world.codes["north"][2].link, crypto.draw())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"state": "draft"}, NotYetOpen),
        ({"opens_at": now() + timedelta(hours=1)}, NotYetOpen),
        ({"closes_at": now() - timedelta(seconds=1)}, Closed),
    ],
)
def test_only_an_open_wave_gives_and_takes(
    crypto: Crypto, answers: Answers, change: dict[str, Any], error: type[SurveyError]
) -> None:
    codes = crypto.world.codes["north"]
    mine = crypto.issue(codes[0].link, crypto.draw())
    crypto.world.change_wave(**change)
    with pytest.raises(error):
        crypto.issue(codes[1].link, crypto.draw())
    with pytest.raises(error):
        crypto.redeem(mine, answers())
    assert not invitation(crypto, codes[1].link).spent


def test_wrong_answers_use_nothing_up(any_crypto: Crypto, answers: Answers) -> None:
    mine = any_crypto.issue(any_crypto.world.codes["north"][0].link, any_crypto.draw())
    with pytest.raises(InvalidInput) as refused:
        any_crypto.redeem(mine, {"items": {"trust": 99}, "questions": {"none": "x"}})
    assert {str(fault.where) for fault in refused.value.faults} >= {"answers.items.trust"}
    assert any_crypto.redeem(mine, answers()) == Accepted()


def test_only_a_whole_credential_of_that_very_key_lets_in(crypto: Crypto, answers: Answers) -> None:
    mine = crypto.issue(crypto.world.codes["north"][0].link, crypto.draw())
    south, _ = crypto.key_of("south")

    def changed(raw: bytes) -> bytes:
        return raw[:-1] + bytes([raw[-1] ^ 1])

    forged = [
        (south, mine.prepared, mine.signature),
        (changed(mine.key_id), mine.prepared, mine.signature),
        (mine.key_id, changed(mine.prepared), mine.signature),
        (mine.key_id, mine.prepared + b"x", mine.signature),
        (mine.key_id, mine.prepared, changed(mine.signature)),
        (mine.key_id, mine.prepared, b""),
        (mine.key_id, mine.prepared, b"\0" + mine.signature),
        (mine.key_id, mine.prepared, secrets.token_bytes(256)),
        (mine.key_id, mine.prepared, mine.blinded.message),
    ]
    for key_id, prepared, signature in forged:
        with pytest.raises(Forbidden), crypto.world.db.transaction() as session:
            credentials.redeem(session, crypto.world.secret, key_id, prepared, signature, answers())
    assert crypto.world.inbox() == []
    assert crypto.redeem(mine, answers()) == Accepted()


def test_two_signatures_do_not_make_a_third(crypto: Crypto, answers: Answers) -> None:
    """Raw RSA is multiplicative: their product signs the product. PSS forbids it."""
    one, two = (crypto.issue(code.link, crypto.draw()) for code in crypto.world.codes["north"][:2])
    n = one.key.n
    product = int.from_bytes(one.signature, "big") * int.from_bytes(two.signature, "big") % n
    for prepared in (one.prepared, two.prepared, secrets.token_bytes(64)):
        assert not blind.verify(one.key, prepared, product.to_bytes(256, "big"))


@pytest.mark.parametrize("wrong", [b"", bytes(255), b"\xff" * 256, bytes(257)])
def test_what_does_not_fit_the_key_spends_nothing(crypto: Crypto, wrong: bytes) -> None:
    world, code = crypto.world, crypto.world.codes["north"][0].link
    with pytest.raises(InvalidInput) as refused:
        credentials.issue(world.db, world.secret, crypto.keys, code, wrong)
    assert refused.value.faults[0].where == "blinded_message"
    assert not invitation(crypto, code).spent


def test_an_unknown_code_and_a_study_of_the_ordinary_mode_get_none(
    crypto: Crypto, answers: Answers
) -> None:
    with pytest.raises(UnknownCode):
        crypto.issue("0" * 26, crypto.draw())
    with crypto.world.db.transaction() as session:
        session.execute(sa.update(Study).values(mode="ordinary"))
    with pytest.raises(Conflict, match="ordinary mode"):
        crypto.issue(crypto.world.codes["north"][0].link, crypto.draw())


def test_without_the_signing_keys_nobody_begins_but_who_has_begun_can_send(
    crypto: Crypto, answers: Answers
) -> None:
    codes = crypto.world.codes["north"]
    mine = crypto.issue(codes[0].link, crypto.draw())
    crypto.keys.destroy_signing_keys(crypto.world.wave.id)
    with pytest.raises(KeyLost):
        crypto.issue(codes[1].link, crypto.draw())
    assert not invitation(crypto, codes[1].link).spent
    assert crypto.redeem(mine, answers()) == Accepted()


def test_an_exchanged_code_has_not_answered_yet(crypto: Crypto, answers: Answers) -> None:
    def counts() -> dict[str, int | None]:
        count_answers(crypto.world.db)
        with crypto.world.db.reading() as session:
            wave = session.merge(crypto.world.wave)
            rows = participation(session, wave).units
        return {row.code: row.answered for row in rows}

    codes = [*crypto.world.codes["small"], *crypto.world.codes["south"][:2]]
    drawn = [crypto.draw("south") for _ in codes]
    for code, mine in zip(codes, drawn, strict=True):
        crypto.issue(code.link, mine)
    assert counts()["south"] == 0
    for mine in drawn:
        crypto.redeem(mine, answers())
    assert counts()["south"] == 5
    assert counts()["north"] == 0


def test_a_device_is_told_which_key_is_its_own(crypto: Crypto) -> None:
    code = crypto.world.codes["small"][0].link
    for issued in (False, True):
        with crypto.world.db.reading() as session:
            told = of_code(session, session.merge(crypto.world.wave), invitation(crypto, code))
        assert told is not None
        assert told["key"] == crypto.key_of("south")[0].hex()
        assert told["issued"] is issued
        if not issued:
            crypto.issue(code, crypto.draw("south"))


def test_the_file_of_keys_is_named_by_its_content(crypto: Crypto) -> None:
    import hashlib

    with crypto.world.db.reading() as session:
        digest = session.merge(crypto.world.wave).keys_digest
        content = credentials.keys_file(session, str(digest))
        assert hashlib.sha256(content).hexdigest() == digest
        with pytest.raises(NotFound):
            credentials.keys_file(session, "0" * 64)
    keys = crypto.published()["keys"]
    assert [each["unit"] for each in keys] == ["north", "small", "south"]  # type: ignore[attr-defined]
    assert len({each["modulus"] for each in keys}) == 3  # type: ignore[attr-defined]


def test_what_is_stored_at_issue_and_at_redemption_has_nothing_in_common(
    crypto: Crypto, answers: Answers
) -> None:
    """Neither a value nor a length tells one exchanged code or one credential from another."""
    for code in crypto.world.codes["north"]:
        crypto.redeem(crypto.issue(code.link, crypto.draw()), answers(trust=2))
    with crypto.world.db.reading() as session:
        issued = session.scalars(sa.select(Invitation).where(Invitation.issued)).all()
        redeemed = session.scalars(sa.select(RedeemedCredential)).all()
    assert len(issued) == len(redeemed) == 3
    assert {len(row.submission_hash or b"") for row in issued} == {32}
    assert {len(row.hash) for row in redeemed} == {32}
    one = {value for row in issued for value in (row.id.bytes, row.submission_hash, row.code_hash)}
    assert not one & {row.hash for row in redeemed}
    assert {row.unit_id for row in redeemed} == {crypto.world.units["north"]}
