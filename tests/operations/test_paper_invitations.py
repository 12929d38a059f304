"""Letters from gathering to file: at most once, whole or not at all, nothing left behind."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from survey.cli.main import cli
from survey.core.errors import Conflict, InvalidInput, NotFound, say
from survey.invitations import code_delivery
from survey.invitations.issuing import create_invitations
from survey.operations import paper_invitations
from survey.operations.paper_invitations import Order
from survey.reports.common.pdf import BrokenReport
from survey.reports.paper.letters import LetterMaker
from survey.study.find import find_wave
from survey.study.models import Invitation, Wave
from survey.study.waves import create_wave
from tests.access.world import World, fresh


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A draft, wave 3, with codes in two units."""
    made = fresh(tmp_path)
    parts = made.parts
    with parts.db.transaction() as session:
        wave = create_wave(session, made.journey.study, phase="after")
        create_invitations(session, parts.secret, parts.keys, wave, {"n1": 9, "s1": 7})
    yield made
    parts.db.dispose()


@pytest.fixture
def find(world: World) -> Callable[[Session], Wave]:
    def found(session: Session) -> Wave:
        return find_wave(session, world.journey.study, 3)

    return found


def left(world: World, find: Callable[[Session], Wave]) -> dict[str, int]:
    with world.parts.db.reading() as session:
        return code_delivery.waiting(session, find(session))


def nowhere(_name: str, _pdf: bytes) -> None:
    """Nothing is kept."""


def test_a_large_unit_comes_in_parts(
    world: World, find: Callable[[Session], Wave], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_invitations, "PART", 4)
    order = Order("slips", "nb", "n1")
    made = list(paper_invitations.hand_out(world.parts, find, order, nowhere, actor="cli"))
    assert [(each.name, each.count) for each in made] == [
        ("n1.lapper.nb.pdf", 4),
        ("n1.lapper-2.nb.pdf", 4),
        ("n1.lapper-3.nb.pdf", 1),
    ]
    assert paper_invitations.parts_of({"n1": 9}) == 3
    assert left(world, find) == {"s1": 7}


def test_what_could_not_be_delivered_has_not_left(
    world: World, find: Callable[[Session], Wave]
) -> None:
    def full(_name: str, _pdf: bytes) -> None:
        raise OSError("disk full")

    order = Order("slips", "nb")
    with pytest.raises(OSError, match="disk full"):
        list(paper_invitations.hand_out(world.parts, find, order, full, actor="cli"))
    assert left(world, find) == {"n1": 9, "s1": 7}


def test_a_pdf_that_fails_hands_nothing_out_and_the_zip_ends_well(
    world: World, find: Callable[[Session], Wave], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LetterMaker.slips

    def once(self: LetterMaker, facts: object, tickets: list[object], lang: str) -> bytes:
        if len(tickets) == 7:
            raise BrokenReport(say("as_told", error="no ink"))
        return real(self, facts, tickets, lang)  # type: ignore[arg-type]

    monkeypatch.setattr(LetterMaker, "slips", once)
    order = Order("slips", "nb")
    with world.parts.db.reading() as session:
        counts = paper_invitations.expected(session, find(session), order)
    made = paper_invitations.hand_out(world.parts, find, order, nowhere, actor="cli")
    whole = b"".join(paper_invitations.zipped(next(made), made, counts))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["n1.lapper.nb.pdf", paper_invitations.NOT_MADE]
        assert "s1: 7" in archive.read(paper_invitations.NOT_MADE).decode()
    assert left(world, find) == {"s1": 7}


def test_codes_that_somebody_took_meanwhile_are_not_in_the_letters(
    world: World, find: Callable[[Session], Wave], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = paper_invitations._print
    taken: list[Any] = []

    def print_late(order: Order, facts: object, drawn: code_delivery.Drawn) -> bytes:
        if not taken:
            taken.extend(each for each, _ in drawn.codes[:2])
            with world.parts.db.transaction() as session:
                code_delivery.mark(session, find(session), "n1", taken, "letters")
        return real(order, facts, drawn)  # type: ignore[arg-type]

    monkeypatch.setattr(paper_invitations, "_print", print_late)
    order = Order("slips", "nb", "n1")
    made = list(paper_invitations.hand_out(world.parts, find, order, nowhere, actor="cli"))
    assert [each.count for each in made] == [7]


def test_an_order_is_refused_with_every_fault(
    world: World, find: Callable[[Session], Wave]
) -> None:
    with world.parts.db.reading() as session:
        wave = find(session)
        with pytest.raises(InvalidInput) as caught:
            paper_invitations.expected(session, wave, Order("leaflets", "se", None, "x" * 201))
        assert [fault.where for fault in caught.value.faults] == ["language", "contact", "way"]
        with pytest.raises(NotFound):
            paper_invitations.expected(session, wave, Order("letters", "nb", "x9"))
        with pytest.raises(Conflict, match="no codes here"):
            paper_invitations.expected(session, wave, Order("letters", "nb", "n2"))
    with pytest.raises(NotFound):
        paper_invitations.poster(world.parts, find, "nb", "x9")


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("SURVEY_DATA_DIR", str(world.parts.settings.data_dir))
    monkeypatch.setenv("SURVEY_SECRET_KEY", world.parts.settings.secret_key)
    monkeypatch.setattr("survey.operations.migrate.require_current", lambda _db: None)

    def call(command: str, *more: str, **others: str) -> Result:
        words = ["invitations", command, "--organisation", "3999", "--study", "kultur"]
        return CliRunner().invoke(cli, [*words, "--wave", "3", *more], **others)  # type: ignore[arg-type]

    return call


def test_the_commands_write_each_code_once_and_replace_lost_ones(
    world: World, find: Callable[[Session], Wave], run: Callable[..., Result], tmp_path: Path
) -> None:
    folder = tmp_path / "ut"
    made = run("slips", "--unit", "n1", "-o", str(folder), "--contact", "Kari")
    assert made.exit_code == 0, made.output
    assert "n1.lapper.nb.pdf: 9" in made.output
    file = folder / "n1.lapper.nb.pdf"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(pikepdf.open(file).pages) == 1
    again = run("slips", "--unit", "n1", "-o", str(folder))
    assert isinstance(again.exception, Conflict)
    assert run("renew", "--unit", "n1").output.startswith("9 new codes")
    refused = run("slips", "-o", str(folder))  # the old file is still there
    assert isinstance(refused.exception, Conflict)
    assert left(world, find) == {"n1": 9, "s1": 7}
    file.unlink()
    assert run("letters", "-o", str(folder)).exit_code == 0
    assert {each.name for each in folder.iterdir()} == {"n1.brev.nb.pdf", "s1.brev.nb.pdf"}
    poster = run("poster", "-o", str(tmp_path / "p.pdf"), "--language", "nn")
    assert poster.exit_code == 0
    assert run("replace", "--unit", "n1", "--reason", "lost").exit_code == 0
    unknown = run("replace", "--reason", "returned", input="00000-00000\n")
    assert isinstance(unknown.exception, NotFound)
    with world.parts.db.reading() as session:
        total = sa.select(sa.func.count()).where(Invitation.wave_id == find(session).id)
        assert session.scalar(total) == 17
