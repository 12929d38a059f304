"""What people are promised before they answer: the same words wherever they read it."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from survey.core import texts
from survey.core.db import new_id, now
from survey.core.languages import LANGUAGES, RESPONDENT_LANGUAGES
from survey.release.document import SCHEMA
from survey.release.models import Release
from survey.study.models import Study, Wave
from survey.web import catalogue
from tests.answering.conftest import World, build

SAME = {
    "promise": "invitation.promise",
    "promise_leaders": "invitation.promise.leaders",
}
"""Key of the start page and of letters → key of mails."""


@pytest.fixture
def answering(services: Any) -> World:
    return build(services.db, secret=services.secret)


def start(client: FlaskClient, world: World, language: str) -> str:
    path = f"/s/{world.codes['north'][0].link}"
    client.get(path)
    return html.unescape(client.get(f"/svar?language={language}").text)


def test_the_promise_is_this() -> None:
    assert catalogue.text("answer.promise", "nb", k=5) == (
        "Lederen din får ikke se svaret ditt. Vi lagrer det med enheten din, men uten navn, kode "
        "og tidspunkt. Resultater vises bare for grupper der minst 5 har svart. Det du skriver "
        "med egne ord, kan lederen få lese."
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", SAME)
def test_page_letter_and_mail_promise_the_same(key: str, language: str) -> None:
    said = catalogue.catalogue("answer", language)[key]
    assert texts.catalogue("reports", "letters", language)[key] == said
    assert texts.catalogue("mail", "mails", language)[SAME[key]] == said


@pytest.mark.parametrize("language", RESPONDENT_LANGUAGES)
def test_people_read_it_before_they_answer(
    client: FlaskClient, answering: World, language: str
) -> None:
    with answering.db.transaction() as session:
        session.execute(sa.update(Study).values(k=8))
    page = start(client, answering, language)
    first_question = page.index('class="part"')
    for said in (
        catalogue.text("answer.promise", language, k=8),
        catalogue.text("answer.promise_leaders", language, others=7),
    ):
        assert 0 < page.index(said) < first_question


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_people_are_told_which_figures_are_public(
    client: FlaskClient, answering: World, level: int
) -> None:
    with answering.db.transaction() as session:
        session.execute(sa.update(Study).values(public_level=level))
    page = start(client, answering, "nb")
    told = [catalogue.text(f"answer.public_{each}", "nb", least=20) for each in range(4)]
    assert [each for each in told if each in page] == [told[level]]


def release_before(world: World, schema: int) -> None:
    """Let a wave before the open one have been released under a disclosure design."""
    place = {"organisation_id": world.wave.organisation_id, "study_id": world.wave.study_id}
    world.change_wave(ordinal=2)
    with world.db.transaction() as session:
        first = Wave(**place, id=new_id(), ordinal=1, phase="before", label="", state="released")
        session.add(first)
        session.flush()
        frozen = {"digest": "0" * 64, "software": "0", "header": "{}", "schema": schema}
        at = now() - timedelta(days=365)
        session.add(Release(**place, **frozen, id=new_id(), wave_id=first.id, created_at=at))


@pytest.mark.parametrize("language", RESPONDENT_LANGUAGES)
def test_whoever_knew_looser_rules_is_told_what_has_become_stricter(
    client: FlaskClient, answering: World, language: str
) -> None:
    release_before(answering, schema=1)
    with answering.db.transaction() as session:
        session.execute(sa.update(Study).values(k=8))
    page = start(client, answering, language)
    told = page.index(catalogue.text("answer.stricter", language, k=8))
    promised = page.index(catalogue.text("answer.promise_leaders", language, others=7))
    assert promised < told < page.index('class="part"')


def test_nobody_is_told_so_where_the_rules_have_always_been_these(
    client: FlaskClient, answering: World
) -> None:
    told = catalogue.text("answer.stricter", "nb", k=5)
    assert told not in start(client, answering, "nb"), "the first wave"
    release_before(answering, schema=SCHEMA)
    assert told not in start(client, answering, "nb")


def test_the_rules_of_another_study_are_nothing_to_tell(
    client: FlaskClient, answering: World
) -> None:
    release_before(answering, schema=1)
    with answering.db.transaction() as session:
        session.execute(sa.update(Release).values(study_id=new_id()))
    assert catalogue.text("answer.stricter", "nb", k=5) not in start(client, answering, "nb")


@pytest.mark.parametrize("language", RESPONDENT_LANGUAGES)
def test_who_reads_own_words_is_said_at_the_field_itself(
    client: FlaskClient, answering: World, language: str
) -> None:
    page = start(client, answering, language)
    for letter, said in (
        ("t", catalogue.text("answer.text_hint", language, maximum=600)),
        ("w", catalogue.text("answer.words_hint", language, k=5)),
    ):
        fields = page.count(f'name="{letter}.')
        assert fields > 0
        assert page.count(said) == (fields if letter == "t" else fields // 2)
