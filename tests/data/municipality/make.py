"""Write a made-up municipality of realistic shape, and its answers, as files that `survey` imports.

units.csv (semicolons, UTF-8 with BOM) has long names, names with commas, quotes and æøå, and names
that occur twice; four levels, areas and services with a few staff of their own. answers-<wave>.csv
has a row for each answer, with 4 % "vet ikke" (8) and, for one person in forty, a whole sub-goal of
them. map.yaml says which column is which.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from survey.instrument.library import Library
from survey.instrument.model import Instrument

AREAS: dict[str, list[tuple[str, int, tuple[int, int]]]] = {
    "Oppvekst, utdanning og kultur": [
        ("barnehage", 38, (12, 32)),
        ("skole", 17, (28, 85)),
        ("SFO", 12, (8, 30)),
        ("PPT-team", 14, (5, 28)),
        ("kulturhus", 12, (3, 25)),
    ],
    "Helse, mestring og velferd": [
        ("bosenter, avdeling", 28, (25, 75)),
        ("hjemmetjeneste, sone", 20, (25, 65)),
        ("bofellesskap", 30, (15, 45)),
        ("NAV-team", 14, (5, 28)),
    ],
    "Bymiljø; vei, vann og avløp": [
        ("driftslag", 12, (4, 35)),
        ("brannstasjon, vaktlag", 10, (8, 24)),
    ],
    "Samfunn, plan & næring": [
        ("seksjon for plan", 10, (6, 30)),
        ("seksjon for næring", 6, (4, 18)),
    ],
    "Kommunedirektørens «stab»": [
        ("seksjon for økonomi", 6, (6, 30)),
        ("seksjon for HR/lønn", 5, (3, 20)),
    ],
}
"""Area → its services: kind of unit, weight, smallest and largest headcount."""

PLACES = [
    *("Bjørkåsen", "Ørneveien", "Åsheim", "Tyttebærsvingen", "Skogly", "Haugtun", "Løkeberg"),
    *("Kråkefjellet", "Sjøgata", "Grønnåsen", "Lysås", "Blåbærstien", "Mølladammen", "Fjellveien"),
    *("Østmarka", "Trollhaugen", "Jåttå", "Årstad", "Snarøya", "Muren"),
]

HEAD = ["kode", "navn", "overordnet kode", "type", "antall ansatte"]
DO_NOT_KNOW = 8

Unit = tuple[str, str, str, str, int]
"""Code, name, code of the unit above, kind, own headcount."""


def units(total: int, rng: random.Random) -> list[Unit]:
    """About so many units below areas and services."""
    rows: list[Unit] = [("1000", "Fjordbyen kommune", "", "kommune", 0)]
    weights = sum(weight for services in AREAS.values() for _, weight, _ in services)
    for a, (area, services) in enumerate(AREAS.items(), 1):
        code = f"1{a}00"
        rows.append((code, f"Kommunalområde {area}", "1000", "område", rng.randint(4, 9)))
        for s, (kind, weight, (low, high)) in enumerate(services, 1):
            service = f"1{a}{s:02d}"
            rows.append((service, f"Virksomhet {kind}", code, "virksomhet", rng.randint(0, 6)))
            for i in range(max(2, round((total - 25) * weight / weights))):
                own = f"{service}{i + 1:02d}"
                staff = rng.randint(low, high)
                rows.append((own, _name(kind, i, s), service, kind.split(",")[0], staff))
    return rows


def _name(kind: str, i: int, s: int) -> str:
    name = f"{PLACES[(i * 7 + s) % len(PLACES)]} {kind}"
    if i % 17 == 5:
        name += " – midlertidig i paviljong ved gamle rådhus, 2. etasje, inngang fra bakgården"
    return f'"{name}"; hus A' if i % 23 == 9 else name


def answers(
    rows: Sequence[Unit], of: Instrument, rate: float, shift: float, rng: random.Random
) -> Iterator[list[str | int]]:
    """A row for each who answers: the unit's code, then a value for each item."""
    dimensions = [[(item.id, item.reverse) for item in d.items] for d in of.dimensions]
    for code, _, _, _, headcount in rows:
        base = 2.6 + shift + random.Random(code).gauss(0, 0.35)
        for _ in range(headcount):
            if rng.random() > rate:
                continue
            person, lacking = rng.gauss(0, 0.45), rng.randrange(40 * len(dimensions))
            row: list[str | int] = [code]
            for d, items in enumerate(dimensions):
                for _, reverse in items:
                    centre = 5 - base - person if reverse else base + person
                    unknown = d == lacking or rng.random() < 0.04
                    value = max(1, min(4, round(rng.gauss(centre, 0.7))))
                    row.append(DO_NOT_KNOW if unknown else value)
            yield row


def write(
    folder: Path,
    total: int = 400,
    seed: int = 7,
    rate: float = 0.72,
    waves: int = 1,
    instrument: str = "baerum-barometer",
) -> list[Unit]:
    """Write all files into a folder; returns the units."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows, of = units(total, rng), Library(None).get(instrument)
    write_units(folder / "units.csv", rows)
    for wave in range(1, waves + 1):
        write_answers(
            folder / f"answers-{wave}.csv", of, answers(rows, of, rate, 0.15 * (wave - 1), rng)
        )
    lines = "".join(f"  {name}: {name}\n" for name in of.items)
    (folder / "map.yaml").write_text(f"unit: enhet\nnot_applicable: [8]\nitems:\n{lines}")
    return rows


def write_units(path: Path, rows: Sequence[Sequence[object]], head: Sequence[str] = HEAD) -> None:
    """Write an organisation file."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(head)
        writer.writerows(rows)


def write_answers(path: Path, of: Instrument, rows: Iterator[list[str | int]]) -> None:
    """Write a file of answers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["enhet", *of.items])
        writer.writerows(rows)


def main() -> None:
    """Write the files that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=0.72)
    parser.add_argument("--waves", type=int, default=1)
    given = parser.parse_args()
    rows = write(given.folder, given.units, given.seed, given.rate, given.waves)
    print(len(rows), "units,", sum(row[4] for row in rows), "employees")


if __name__ == "__main__":
    main()
