"""What somebody reads from published documents: a wave, its tree, every mention of every cell.

Imports nothing of the product: documents are JSON as the API gives them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

Json = Mapping[str, Any]
ME = "me"


@dataclass(frozen=True)
class Person:
    """A sheet as the attacker knows it: everything of his own, of others only what was skipped."""

    place: str
    items: Mapping[str, Any]
    questions: Mapping[str, Any]


@dataclass
class Wave:
    """What is known of a wave: its questionnaire, its tree, every mention of every cell."""

    ordinal: int
    k: int
    instrument: Json
    people: Sequence[Person]
    me: Person | None
    atoms: list[str]
    cells: dict[str, frozenset[str]]
    mentions: list[tuple[str, str, Json]] = field(default_factory=list)
    """(cell, what it is, document): unit results, and scores that stand elsewhere."""
    staff: dict[str, tuple[int | None, int]] = field(default_factory=dict)
    """cell → (headcount, answered) as printed, for intervals."""

    def size(self, group: Iterable[str], knows: str = "", wanted: Any = None) -> int:
        """How many of a group answered (an item, all of a dimension, a question)."""
        inside = set(group)
        return sum(
            valid(self.instrument, each, knows, wanted)
            for each, place in self.placed()
            if place in inside
        )

    def placed(self) -> Iterator[tuple[Person, str]]:
        """Everybody with his atom; the known colleague is one of his own."""
        known = False
        for each in self.people:
            if not known and self.me is not None and each is self.me:
                known = True
                yield each, ME
            else:
                yield each, each.place

    def add_unit(self, unit: Json) -> None:
        """Everything on a unit's page of this wave."""
        code = unit["unit"]["code"]
        if code not in self.cells:
            return
        self.mentions.append((code, "unit", unit))
        self.staff[code] = unit["participation"]["headcount"], unit["participation"]["answered"]
        self.add_scores(code, unit["overall"], unit["dimensions"])
        for other in unit["comparisons"]:
            cell = f"kind {other['code']}" if other["role"] == "kind" else other["code"]
            scores = [{"id": name, "score": score} for name, score in other["dimensions"].items()]
            self.add_scores(cell, other["overall"], scores)

    def add_scores(self, cell: str, overall: Json, dimensions: Iterable[Json]) -> None:
        """Indices of a cell, from wherever they stand: its own page, another's, a later wave's."""
        for name, score in [("overall", overall), *((d["id"], d["score"]) for d in dimensions)]:
            if score["index"] is not None and cell in self.cells:
                self.mentions.append((cell, f"index {name}", score))

    def add_later(self, unit: Json) -> None:
        """What a later wave's page says of this one: its history, and where a change began."""
        code = unit["unit"]["code"]
        for past in unit["history"]:
            if past["wave"]["ordinal"] == self.ordinal:
                scores = [
                    {"id": name, "score": score} for name, score in past["dimensions"].items()
                ]
                self.add_scores(code, past["overall"], scores)


def valid(instrument: Json, person: Person, knows: str, wanted: Any) -> bool:
    """Did somebody answer at all, an item, enough of a dimension (or of all), a question?"""
    if knows == "":
        return True
    if knows == "question":
        return wanted in person.questions
    if knows == "item":
        return isinstance(person.items.get(wanted), int)
    dimensions = {d["id"]: d for d in instrument["dimensions"]}
    if knows == "dimension":
        items = dimensions[wanted]["items"]
        answered = sum(isinstance(person.items.get(i["id"]), int) for i in items)
        return answered >= math.ceil(2 * len(items) / 3 - 1e-9)
    inside = instrument["index"]["dimensions"]
    some = sum(valid(instrument, person, "dimension", d) for d in inside)
    return some >= math.ceil(2 * len(inside) / 3 - 1e-9)


def read_wave(
    header: Json, units: Sequence[Json], people: Sequence[Person], me: Person | None
) -> Wave:
    """The wave that a release tells about: header and unit results as the API gives them."""
    parent = {u["code"]: u["parent"] for u in header["units"]}
    merged = {u["unit"]["code"] for u in units if u["unit"]["merged_into"]}
    atoms = [code for code in parent if code not in merged]
    below: dict[str, set[str]] = {code: set() for code in atoms}
    for code in atoms:
        above: str | None = code
        while above is not None:
            below[above].add(code)
            above = parent[above]
    cells = {code: frozenset(inside) for code, inside in below.items()}
    kinds: dict[str, set[str]] = {}
    for entry in header["units"]:
        if entry["kind"] and entry["code"] in cells:
            kinds.setdefault(entry["kind"], set()).update(cells[entry["code"]])
    cells |= {f"kind {kind}": frozenset(inside) for kind, inside in kinds.items()}
    if me is not None:
        cells = {n: inside | {ME} if me.place in inside else inside for n, inside in cells.items()}
        atoms.append(ME)
    made = Wave(
        header["wave"]["ordinal"], header["method"]["k"], header["instrument"], people, me,
        atoms, cells,
    )  # fmt: skip
    for unit in units:
        made.add_unit(unit)
    return made


# --- groups that somebody may ask about --------------------------------------------------------


def groups(wave: Wave) -> dict[frozenset[str], str]:
    """Atoms, cells, pairs of atoms, differences of cells; the known colleague is left out."""
    found: dict[frozenset[str], str] = {}

    def add(inside: frozenset[str], name: str) -> None:
        inside -= {ME}
        if inside and inside not in found and wave.size(inside):
            found[inside] = name

    for atom in wave.atoms:
        add(frozenset({atom}), f"{atom} (own)")
    for name, inside in wave.cells.items():
        add(inside, name)
    cells = list(wave.cells.items())
    for name, inside in cells:
        for less, part in cells:
            if part < inside:
                add(inside - part, f"{name} - {less}")
            elif inside & part and not inside <= part:
                add(inside - part, f"{name} without {less}")
        below = [part for _, part in cells if part < inside]
        for number in range(2, min(len(below), 3) + 1):
            for parts in combinations(below, number):
                add(inside.difference(*parts), f"{name} less {number} cells")
    small = [atom for atom in wave.atoms if 0 < wave.size({atom}) < wave.k]
    for one, other in combinations(small, 2):
        add(frozenset({one, other}), f"{one} (own) + {other} (own)")
    return found
