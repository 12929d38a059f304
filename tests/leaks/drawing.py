"""Municipalities that nobody would think of: their trees, questionnaires and how people answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from survey.instrument.library import Library

KINDS = ("", "hjem", "skole")


@dataclass
class Place:
    """A unit: ``staff`` work in it itself, of whom ``leaders`` call themselves so. ``headcount``
    is what the organisation's file says of them ('' for nothing, None: it counts rightly)."""

    code: str
    name: str
    parent: str | None
    kind: str
    staff: int
    leaders: int = 0
    headcount: str | None = None


@dataclass
class DrawnWave:
    """A wave's tree and how people answer.

    ``here`` is the share that answers, ``agreement`` how many of them say what their unit leans to
    (``common``: what all lean to), ``extreme`` whether units lean to the ends of the scale.
    ``missing`` items and ``skipped`` whole sub-goals are left out. ``imported`` answers come from
    another tool's file.
    """

    places: list[Place]
    here: float
    agreement: float
    common: bool
    missing: float
    ticking: float
    seed: int
    extreme: bool = False
    skipped: float = 0.0
    imported: bool = False


@dataclass
class History:
    """Everything that is drawn of one municipality."""

    instrument: str
    k: int
    waves: list[DrawnWave]


# --- questionnaires ----------------------------------------------------------------------------

SHAPES: Mapping[str, tuple[list[int], int]] = {
    "ett-ledd": ([1], 4),
    "ett-og-to": ([1, 2], 4),
    "to-og-to": ([2, 2], 4),
    "to-fire": ([2, 4], 4),
    "fem-trinn": ([3, 2], 5),
    "tre-trinn": ([1, 3], 3),
    "to-trinn": ([1, 2], 2),
    "seks": ([2, 1, 2, 3, 2, 2], 4),
}
"""Items of each sub-goal, and options of the scale."""


def instrument_text(name: str, sizes: list[int], options: int) -> str:
    """A questionnaire of one sub-goal for each of ``sizes``, the second item of each reversed,
    with a question of every kind; the last choice of the multiple one excludes the others."""

    def said(text: str) -> str:
        return f'{{nb: "{text}", nn: "{text}", en: "{text}"}}'

    lines = [f"id: {name}", "version: 1", "languages: [nb, nn, en]", f"title: {said(name)}"]
    lines += [f"introduction: {said('Prøve.')}", "scales:", "  s:", "    type: likert"]
    lines += ["    min: 1", f"    max: {options}", "    labels:"]
    lines += [
        f"      {value}: {said(f'Svar {chr(64 + value)}')}" for value in range(1, options + 1)
    ]
    lines += [f"    not_applicable: {said('Vet ikke')}", "dimensions:"]
    for d, size in enumerate(sizes):
        lines += [f"  - id: d{d}", f"    title: {said(f'Dimensjon {chr(65 + d)}')}", "    scale: s"]
        lines.append("    items:")
        for i in range(size):
            lines += [f"      - id: d{d}i{i}", f"        text: {said(f'Påstand {chr(65 + d)}{i}')}"]
            lines += ["        reverse: true"] * (i == 1)
    lines += ["questions:", "  - id: m", "    type: multiple", f"    text: {said('Hva ser du?')}"]
    lines.append("    options:")
    lines += [f"      - {{id: m{i}, text: {said(f'Valg {chr(65 + i)}')}}}" for i in range(3)]
    lines.append(f"      - {{id: m3, exclusive: true, text: {said('Ingen av disse')}}}")
    lines += ["  - id: s", "    type: single", f"    text: {said('Hvor ofte?')}", "    options:"]
    lines += [f"      - {{id: s{i}, text: {said(f'Grad {chr(65 + i)}')}}}" for i in range(3)]
    lines += ["  - id: r", "    type: single", "    purpose: role", f"    text: {said('Leder?')}"]
    lines += ["    options:", f"      - {{id: boss, role: leader, text: {said('Ja')}}}"]
    lines += [f"      - {{id: not_boss, role: employee, text: {said('Nei')}}}"]
    lines += ["  - id: w", "    type: words", f"    text: {said('Hvilke ord?')}"]
    lines += ["  - id: t", "    type: text", f"    text: {said('Noe mer?')}", ""]
    return "\n".join(lines)


def write_instruments(folder: Path) -> Library:
    """The questionnaires that are drawn from, as an operator's own folder."""
    for name, (sizes, options) in SHAPES.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "1.yaml").write_text(instrument_text(name, sizes, options))
    return Library(folder)


# --- trees -------------------------------------------------------------------------------------


def draw_history(seed: int, waves: int = 2) -> History:
    """A municipality over some waves, with reorganisations between them; the same for each seed."""
    rng = random.Random(seed)
    places = rng.choice([_areas, _areas, _areas, _flat, _one, _deep, _large])(rng)
    if rng.randrange(12) == 0:  # nobody but leaders
        places = [replace(place, leaders=place.staff) for place in places]
    drawn: list[DrawnWave] = []
    for number in range(waves):
        if number:
            places = _reorganise(rng, places, number)
        imported = number == 0 and rng.randrange(3) == 0
        told = [rng.choice(HEADCOUNTS) if imported else None for _ in places]
        places = [replace(p, headcount=heads) for p, heads in zip(places, told, strict=True)]
        drawn.append(_wave(rng, places, imported=imported))
    return History(rng.choice(sorted(SHAPES)), rng.choice([5, 5, 5, 7]), drawn)


def _wave(rng: random.Random, places: list[Place], *, imported: bool) -> DrawnWave:
    return DrawnWave(
        places=places,
        here=rng.choice([0.5, 0.75, 0.9, 1.0]),
        agreement=rng.choice([0.0, 0.3, 0.6, 0.85, 1.0]),
        common=rng.random() < 0.5,
        extreme=rng.random() < 0.5,
        missing=rng.choice([0.0, 0.0, 0.03, 0.2]),
        skipped=rng.choice([0.0, 0.0, 0.05, 0.3]),
        ticking=rng.choice([0.05, 0.3, 0.6, 0.95]),
        seed=rng.randrange(2**32),
        imported=imported,
    )


HEADCOUNTS = (None, None, None, "", "0", "3", "400")
"""What a file says of a unit whose answers are imported."""


def _staff(rng: random.Random) -> int:
    return rng.randint(1, 9) if rng.random() < 0.5 else rng.randint(8, 26)


def _unit(rng: random.Random, code: str, parent: str) -> Place:
    staff = _staff(rng)
    leaders = rng.randint(0, min(2, staff))
    return Place(code, f"Enhet {code}", parent, rng.choice(KINDS), staff, leaders)


def _areas(rng: random.Random) -> list[Place]:
    places = [Place("K", "Kommunen", None, "", rng.randint(0, 4))]
    for a in range(rng.randint(1, 3)):
        area = Place(f"A{a}", f"Område {chr(65 + a)}", "K", "", rng.randint(0, 6))
        places.append(area)
        if rng.randrange(6) == 0:  # two levels here: the area is a unit
            area.staff, area.kind = _staff(rng), rng.choice(KINDS)
        else:
            places += [_unit(rng, f"A{a}U{u}", area.code) for u in range(rng.randint(1, 5))]
    return places


def _flat(rng: random.Random) -> list[Place]:
    """Units directly below the top."""
    top = Place("K", "Kommunen", None, "", rng.randint(0, 6))
    return [top, *(_unit(rng, f"U{u}", "K") for u in range(rng.randint(1, 9)))]


def _one(rng: random.Random) -> list[Place]:
    """A single unit."""
    return [Place("K", "Kommunen", None, "", rng.randint(5, 60), rng.randint(0, 2))]


def _deep(rng: random.Random) -> list[Place]:
    """Areas within areas, with a few people of their own at every level."""
    places = [Place("K", "Kommunen", None, "", rng.randint(0, 4))]
    for a in range(rng.randint(1, 2)):
        places.append(Place(f"A{a}", f"Område {chr(65 + a)}", "K", "", rng.randint(0, 4)))
        for b in range(rng.randint(1, 2)):
            code = f"A{a}B{b}"
            places.append(Place(code, f"Del {code}", f"A{a}", "", rng.randint(0, 5)))
            places += [_unit(rng, f"{code}U{u}", code) for u in range(rng.randint(1, 3))]
    return places


def _large(rng: random.Random) -> list[Place]:
    """From a hundred answers on there is more to read, and from three hundred still more."""
    places = _areas(rng)
    rng.choice([p for p in places if p.parent]).staff = rng.choice([100, 120, 150, 150, 320])
    return places


def _reorganise(rng: random.Random, before: list[Place], number: int) -> list[Place]:
    """Some units are renamed, moved, merged, split or closed; people come and go."""
    places = {p.code: replace(p) for p in before}
    inner = {p.parent for p in before}
    leaves = sorted(code for code in places if code not in inner and places[code].parent)
    areas = sorted(code for code in places if places[code].parent == "K" and code in inner)
    for code in leaves:
        act = rng.choice(["", "", "", "rename", "move", "merge", "split", "close"])
        here = places[code]
        siblings = [c for c in leaves if c in places and c != code]
        if act == "rename":
            here.name += " den nye"
        elif act == "move" and areas and here.parent != "K":
            here.parent = rng.choice(areas)
        elif act == "merge" and siblings and here.parent != "K":
            places[rng.choice(siblings)].staff += here.staff
            del places[code]
        elif act == "split" and here.staff > 5 and here.parent != "K":
            new = Place(f"{code}N{number}", f"{here.name} nord", here.parent, here.kind, 0)
            new.staff = rng.randint(2, here.staff - 2)
            here.staff -= new.staff
            places[new.code] = new
        elif act == "close" and siblings and here.parent != "K":
            del places[code]
    for place in places.values():
        if place.parent and rng.randrange(3) == 0:
            place.staff = max(2, place.staff + rng.randint(-2, 3))
        place.leaders = min(place.leaders, place.staff)
    return list(places.values())


# --- answers -----------------------------------------------------------------------------------


class Answers:
    """Draws what people of a wave answer; a unit's first ones are its leaders."""

    def __init__(self, instrument: Mapping[str, Any], drawn: DrawnWave) -> None:
        self.instrument, self.drawn = instrument, drawn
        self.rng = random.Random(drawn.seed)
        codes = ["K", *sorted(p.code for p in drawn.places if p.code != "K")]
        self._lean = {
            (code, item["id"]): self._leaning(self._steps(dimension))
            for code in codes
            for dimension in instrument["dimensions"]
            for item in dimension["items"]
        }

    def _steps(self, dimension: Mapping[str, Any]) -> int:
        scale = self.instrument["scales"][dimension["scale"]]
        return int(scale["max"] - scale["min"] + 1)

    def _leaning(self, steps: int) -> int:
        step = self.rng.randrange(steps)
        return self.rng.choice([0, steps - 1]) if self.drawn.extreme else step

    def comes(self) -> bool:
        """Does the next person answer?"""
        return self.rng.random() < self.drawn.here

    def of(self, place: str, *, leader: bool) -> dict[str, Any]:
        """One person's answers."""
        rng, drawn = self.rng, self.drawn
        items: dict[str, Any] = {}
        for dimension in self.instrument["dimensions"]:
            skips = rng.random() < drawn.skipped
            low = self.instrument["scales"][dimension["scale"]]["min"]
            for item in dimension["items"]:
                step = rng.randrange(self._steps(dimension))
                if rng.random() < drawn.agreement:
                    step = self._lean["K" if drawn.common else place, item["id"]]
                if rng.random() >= drawn.missing and not skips:
                    items[item["id"]] = low + step
                elif rng.random() < 0.7:
                    items[item["id"]] = "na"
        questions: dict[str, Any] = {"r": "boss" if leader else "not_boss"}
        ticks = [f"m{i}" for i in range(3) if rng.random() < drawn.ticking]
        if rng.random() >= drawn.skipped:
            questions["m"] = ticks or ["m3"]
        if rng.random() >= drawn.missing:
            alike = rng.random() < drawn.agreement
            questions["s"] = "s0" if alike else f"s{rng.randrange(3)}"
        if rng.random() < drawn.ticking:
            questions["w"] = [rng.choice(["tid", "mot", "ro"]), "sammen"]
        if rng.random() < 0.5:
            questions["t"] = f"Mer tid {rng.randrange(10**6)}"
        return {"items": items, "questions": questions}
