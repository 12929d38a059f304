"""Who has the database, a backup of it and the wave's private key cannot tell whose an answer is.

People come one after the other, each exchanging the code and answering before the next one comes:
the worst there is, since order alone would tell. Chance is one right of so many; the power of the
attack is shown by the same attack on an issue that writes its own row only.
"""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import subprocess
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from survey.answering import credentials
from survey.answering.sealing import unseal
from survey.answering.store import Inbox
from survey.core.db import Database
from survey.invitations.codes import code_hash, derive, short_hash
from survey.study.models import Invitation
from tests.answering.conftest import World, build
from tests.answering.crypto import Crypto, cryptographic

PEOPLE = 30
FEW = 5
"""Right by chance more often than this: less than once in a thousand runs (Poisson, mean 1)."""

Answers = Callable[..., dict[str, Any]]


@pytest.fixture
def crypto(postgres_database: Database, tmp_path: Path) -> Crypto:
    return cryptographic(build(postgres_database), tmp_path / "signing")


def answer_in_turn(crypto: Crypto, answers: Answers) -> dict[str, uuid.UUID]:
    """Thirty colleagues in a random order; returns text → invitation, which nobody else knows."""
    world = crypto.world
    people = [uuid.uuid4() for _ in range(PEOPLE)]
    with world.db.transaction() as session:
        for each in sorted(people):
            code = derive(b"k" * 32, each)
            session.add(
                Invitation(
                    organisation_id=world.wave.organisation_id,
                    id=each,
                    wave_id=world.wave.id,
                    unit_id=world.units["north"],
                    code_hash=code_hash(world.secret, code.link),
                    short_hash=short_hash(world.secret, code.short),
                )
            )
    random.SystemRandom().shuffle(people)
    truth = {}
    for number, each in enumerate(people):
        mine = crypto.issue(derive(b"k" * 32, each).link, crypto.draw())
        crypto.redeem(mine, answers(help=f"answer {number}"))
        truth[f"answer {number}"] = each
    return truth


def right_by_rows(world: World, truth: dict[str, uuid.UUID]) -> int:
    """Pair the n-th exchanged code with the n-th answer, by what PostgreSQL keeps with rows."""
    order = sa.text("xmin::text::bigint, ctid")
    with world.db.reading() as session:
        issued = session.scalars(sa.select(Invitation.id).where(Invitation.issued).order_by(order))
        stored = session.scalars(sa.select(Inbox.sealed).order_by(order))
        texts = [unseal(world.private_key, world.layout, each).texts["help"][0] for each in stored]
        pairs = list(zip(texts, issued, strict=True))
    return sum(truth[text] == who for text, who in pairs)


def right_by_backup(world: World, truth: dict[str, uuid.UUID], url: str) -> int:
    """The same by the order of lines in pg_dump's own format of text."""
    dumping = subprocess.run(
        ["pg_dump", url, "--data-only", "--table=invitation", "--table=inbox"],
        capture_output=True,
        text=True,
    )
    assert not dumping.returncode, dumping.stderr
    dump = dumping.stdout
    lines: dict[str, list[list[str]]] = {"invitation": [], "inbox": []}
    columns: list[str] = []
    table = ""
    for line in dump.splitlines():
        if line.startswith("COPY public."):
            table = line.split(".")[1].split()[0]
            columns = line.split("(")[1].split(")")[0].split(", ")
        elif line == "\\.":
            table = ""
        elif table:
            values = dict(zip(columns, line.split("\t"), strict=True))
            if table == "inbox":
                lines[table].append([values["sealed"]])
            elif values["issued"] == "t":
                lines[table].append([values["id"]])
    pairs = zip(lines["inbox"], lines["invitation"], strict=True)
    found = 0
    for (sealed,), (who,) in pairs:
        payload = unseal(
            world.private_key, world.layout, bytes.fromhex(sealed.removeprefix("\\\\x"))
        )
        found += truth[payload.texts["help"][0]] == uuid.UUID(who)
    return found


@pytest.mark.postgresql
def test_the_order_of_rows_and_of_a_backup_tells_nothing(
    crypto: Crypto, answers: Answers, migrated_postgres_url: str
) -> None:
    truth = answer_in_turn(crypto, answers)
    assert len(truth) == PEOPLE
    assert right_by_rows(crypto.world, truth) <= FEW
    assert right_by_backup(crypto.world, truth, migrated_postgres_url) <= FEW


@pytest.mark.postgresql
def test_the_attack_succeeds_when_an_issue_writes_its_own_row_only(
    crypto: Crypto, answers: Answers, migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without writing the whole unit anew both attacks are right about everybody."""
    monkeypatch.setattr(credentials, "block", lambda mine, _: (mine, mine))
    truth = answer_in_turn(crypto, answers)
    assert right_by_rows(crypto.world, truth) == PEOPLE
    assert right_by_backup(crypto.world, truth, migrated_postgres_url) > PEOPLE // 2


@pytest.mark.parametrize("invited", [1, 4, 60, 256, 257, 5000, 20_000])
def test_every_row_is_in_one_block_and_blocks_are_large(invited: int) -> None:
    ids = [uuid.uuid4() for _ in range(invited)]
    blocks: dict[tuple[uuid.UUID, uuid.UUID], int] = {}
    for each in ids:
        first, last = credentials.block(each, invited)
        assert first <= each <= last
        blocks[first, last] = blocks.get((first, last), 0) + 1
    ends = sorted(blocks)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ends))
    assert min(blocks.values()) >= min(invited, 60)
    assert max(blocks.values()) <= 400


def places(db: Database, folder: Path) -> dict[uuid.UUID, int]:
    """Where each invitation lies in a backup of SQLite's file: id → place."""
    copy = folder / "backup.db"
    source, target = (closing(sqlite3.connect(name)) for name in (str(db.url.database), copy))
    with source as live, target as saved:
        live.backup(saved)
    raw = copy.read_bytes()
    with db.reading() as session:
        rows = session.scalars(sa.select(Invitation)).all()
    # A row holds its id and its hash; indexes have one of the two only.
    return {
        row.id: next(
            found.start()
            for found in re.finditer(re.escape(row.id.hex.encode()), raw)
            if bytes(row.submission_hash or b"") in raw[found.start() : found.start() + 300]
        )
        for row in rows
    }


@pytest.mark.parametrize("protected", [True, False])
def test_no_row_is_moved_in_sqlites_file_when_its_code_is_exchanged(
    database: Database, tmp_path: Path, answers: Answers, protected: bool
) -> None:
    """Answers lie in that file in the order in which they came, so exchanged codes must not. A row
    that grows is moved: without the random bytes that keep its place, rows do move."""
    crypto = cryptographic(build(database), tmp_path / "signing")
    links = [code.link for unit in ("south", "north") for code in crypto.world.codes[unit]]
    if not protected:
        with database.transaction() as session:
            session.execute(sa.update(Invitation).values(submission_hash=b""))
    before = places(database, tmp_path)
    random.SystemRandom().shuffle(links)
    for link in links:
        unit = "south" if link in {c.link for c in crypto.world.codes["south"]} else "north"
        crypto.redeem(crypto.issue(link, crypto.draw(unit)), answers())
    assert (places(database, tmp_path) == before) is protected
