"""A municipality that is brought in, measured and reported with the service's own commands."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from click.testing import CliRunner

from survey.cli.main import cli
from survey.core.config import Settings
from survey.core.services import build
from survey.instrument.model import Instrument
from survey.release import read
from survey.release.codec import unit_from_json
from survey.release.document import UnitResult
from survey.study.models import Study
from tests.data.municipality import make

HEAD = [*make.HEAD, "tidligere kode", "sammenlignes med", "begrunnelse"]

Row = list[str]
"""A unit as the organisation file has it."""

Given = Mapping[str, tuple[int, int]]
"""Unit → how many of its employees, and of its leaders, have answered."""


class Town:
    """One municipality with one study, in a folder of its own."""

    def __init__(self, folder: Path, of: Instrument, instruments: Path | None = None) -> None:
        self.folder, self.of = folder, of
        folder.mkdir()
        self._environment = {"SURVEY_DATA_DIR": str(folder / "var")}
        if instruments is not None:
            self._environment["SURVEY_INSTRUMENT_DIR"] = str(instruments)
        self.waves = 0
        self.survey("db", "upgrade")

    def survey(self, *words: str) -> str:
        """Run a command of the service; what it printed."""
        done = CliRunner().invoke(cli, words, env=self._environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def bring_in(self, rows: Sequence[Row]) -> None:
        """Import the whole organisation from a file."""
        path = self.folder / f"units-{self.waves + 1}.csv"
        make.write_units(path, rows, HEAD)
        name = ("--organisation", "3999", "--name", "Fjordbyen kommune")
        self.survey("organisation", "import", str(path), *name, "--apply")

    def measure(self, given: Given, *, look: bool = False) -> dict[str, UnitResult]:
        """Take a wave of imported answers from its draft to its audited release; what its units
        say, by code. ``look``: somebody looks before it is released."""
        of_wave = self.open_next(given)
        why = ("--reason", "everybody", "--note", "Alt inne")
        if look:
            self.survey("wave", "close", *of_wave, *why, "--no-release")
            self.looked = self.survey("release", "look", "b", "--wave", str(self.waves))
        assert "is released" in self.survey("wave", "close", *of_wave, *why)
        audited = json.loads(self.survey("release", "audit", "b", "--json"))
        assert [each["findings"] for each in audited] == [[]] * self.waves
        self.told = audited[-1]["told"]
        return self._released()

    def open_next(self, given: Given) -> tuple[str, ...]:
        """Open the next wave and import its answers; the words that name it."""
        if not self.waves:
            self.survey("study", "create", "b", "--name", "Kultur", "--instrument", self.of.id)
        self.waves += 1
        of_wave = ("--study", "b", "--wave", str(self.waves))
        phase = ("before", "during", "after")[self.waves - 1]
        self.survey("wave", "create", "--study", "b", "--phase", phase, "--source", "import")
        self.survey("wave", "open", *of_wave)
        answers, mapping = self._answers(given)
        self.survey("responses", "import", str(answers), *of_wave, "--map", str(mapping))
        return of_wave

    def _released(self) -> dict[str, UnitResult]:
        parts = build(Settings(data_dir=self.folder / "var"))
        with parts.db.reading() as session:
            [study] = session.scalars(sa.select(Study))
            stored = read.documents(session, study.organisation_id, study.id)
        parts.db.dispose()
        return {code: unit_from_json(text) for code, text in stored.units}

    def _answers(self, given: Given) -> tuple[Path, Path]:
        rng = random.Random(self.waves)
        path = self.folder / f"answers-{self.waves}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(["enhet", "rolle", *self.of.items])
            for code, (employees, leaders) in given.items():
                level = 0.5 + 0.05 * self.waves + random.Random(code).uniform(-0.15, 0.15)
                for number in range(employees + leaders):
                    role = "L" if number >= employees else ""
                    writer.writerow([code, role, *self._person(level, rng)])
        mapping = self.folder / "map.yaml"
        lines = [
            "unit: enhet",
            "not_applicable: [8]",
            "role: {column: rolle, leader: [L]}",
            "items:",
        ]
        lines += [f"  {name}: {name}" for name in self.of.items]
        mapping.write_text("\n".join(lines))
        return path, mapping

    def _person(self, level: float, rng: random.Random) -> list[int]:
        """One person's answers; one in twenty lacks a whole sub-goal."""
        own = min(max(rng.gauss(level, 0.15), 0.05), 0.95)
        lacking = rng.randrange(20 * len(self.of.dimensions))
        values = []
        for number, dimension in enumerate(self.of.dimensions):
            for item in dimension.items:
                agreed = sum(rng.random() < own for _ in range(3))
                value = 4 - agreed if item.reverse else 1 + agreed
                values.append(make.DO_NOT_KNOW if number == lacking else value)
        return values


def plain(code: str, above: str = "", staff: int | str = "", kind: str = "") -> Row:
    """A unit in a file, with nothing said of what it was before."""
    return [code, f"Enhet {code}", above, kind, str(staff), "", "", ""]
