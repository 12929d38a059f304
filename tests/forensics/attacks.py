"""Attacks that need no key. Each gives every answer (or text) a place in a suspected order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from tests.forensics import sqlite_files as sq
from tests.forensics.sqlite_files import Files
from tests.forensics.stage import Person, Stage
from tests.forensics.statistics import mean_rank_correlation

Order = dict[str, float]
"""What was found (sheet or text) → its place; what a trace does not tell apart shares a place."""


@dataclass(frozen=True)
class Score:
    """How far an attack came: people named rightly, and mean rank correlation within units."""

    hits: int
    correlation: float


def score(stage: Stage, order: Mapping[str, float], what: str) -> Score:
    """Let the attacker name a person for each answer, guessing where his trace says nothing."""
    hits, orders = 0, []
    guess = random.SystemRandom()
    for people in stage.units():
        known = [_of(person, what) for person in people]
        found = sorted(known, key=lambda each: (order.get(each, 0.0), guess.random()))
        hits += sum(a == b for a, b in zip(known, found, strict=True))
        places = {each: place for place, each in enumerate(found)}
        orders.append([float(places[each]) for each in known])
    return Score(hits, mean_rank_correlation(orders))


def _of(person: Person, what: str) -> str:
    return person.sheet if what == "sheet" else person.text


def in_order(found: Iterable[str]) -> Order:
    order: Order = {}
    for place, each in enumerate(found):
        order.setdefault(each, float(place))
    return order


def offsets(blob: bytes, wanted: Sequence[str]) -> Order:
    """Where each stands first in the bytes: rows, free pages, slack, log, whatever it is."""
    found = {each: float(blob.find(each.encode())) for each in wanted}
    return {each: place for each, place in found.items() if place >= 0}


def replay(moments: Sequence[Files], table: str, column: str) -> Order:
    """Commit by commit, as far as the copies of the log go: value → number of its commit."""
    order: Order = {}
    number = 0
    known: dict[bytes, int] = {}
    for files in moments:
        salt = files.wal[16:24]
        images = [files.main, *islice(sq.states(files), known.get(salt, 0), None)]
        known[salt] = known.get(salt, 0) + len(images) - 1
        for image in images:
            number += 1
            for row in sq.rows(image, f"select {column} from {table}"):
                order.setdefault(str(row[0]), float(number))
    return order


def on_sqlite(
    stage: Stage, open_moments: Sequence[Files], ends: Mapping[str, Files], what: str
) -> dict[str, Order]:
    """Every attack on SQLite's files. ``ends`` are the copies after the wave closed."""
    wanted = [_of(person, what) for person in stage.people]
    table, column = ("response", "answers") if what == "sheet" else ("comment", "text")
    moments = [*open_moments, *ends.values()]
    attacks: dict[str, Order] = {}
    attacks["replay of the log"] = replay(moments, table, column)
    inbox = replay(open_moments, "inbox", "id")
    by_id = sorted(inbox, key=lambda each: each)
    for name, files in ends.items():
        images = [files.main, *list(sq.states(files))[-1:]]
        image = images[-1]
        cells = sq.cells_in_writing_order(image, table)
        where = offsets(b"\0".join(cells), wanted)
        written = sorted(where, key=lambda each: where[each])
        attacks[f"cells in pages, {name}"] = in_order(written)
        attacks[f"inbox by id against cells, {name}"] = _second_hand(stage, written, by_id, inbox)
        listed = [str(row[0]) for row in sq.rows(image, f"select {column} from {table}")]
        attacks[f"order of a plain select, {name}"] = in_order(listed)
        keyed = sq.rows(image, f"select {column} from {table} order by id")
        attacks[f"order of ids, {name}"] = in_order(str(row[0]) for row in keyed)
        attacks[f"bytes of all files, {name}"] = offsets(files.all(), wanted)
        if what == "text":
            queue = sq.rows(image, "select text from moderated_text")
            attacks[f"moderators' queue, {name}"] = in_order(str(row[0]) for row in queue)
    return attacks


def _second_hand(
    stage: Stage, written: list[str], by_id: list[str], inbox: Mapping[str, float]
) -> Order:
    """If answers were taken from the inbox in the order of its ids and written so, the j-th
    written is the j-th id, whose commit the log has told."""
    if len(by_id) != len(written):
        return {}
    return {each: inbox[identity] for each, identity in zip(written, by_id, strict=True)}
