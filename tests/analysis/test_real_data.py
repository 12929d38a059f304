"""Real measurements from other tools, from file to unit reports, compared with the source."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from survey.answering import importing
from survey.instrument.library import Library
from survey.organisation.imports import apply, plan
from survey.organisation.rows import read_csv
from survey.organisation.units import create_organisation
from survey.release import read
from survey.release.close import close_and_release
from survey.release.codec import unit_from_json
from survey.release.document import UnitResult
from survey.reports.unit.bulk import render_units
from survey.study.find import find_study, find_wave
from survey.study.studies import create_study
from survey.study.waves import create_wave, open_wave
from tests.marks import long

pytestmark = pytest.mark.no_cover

DATA = Path(__file__).parents[1] / "data"


def bring_in(
    services: Any, instrument: str, units: Iterable[tuple[str, int]], file: Path
) -> read.StoredDocuments:
    """Organisation, study, import wave, file, close, release; returns what was stored."""
    lines = ["code;name;parent code;headcount", "all;All;;0"]
    lines += [f"{code};Unit {code};all;{head}" for code, head in units]
    library = Library(DATA / "instruments")
    with services.db.transaction() as session:
        organisation = create_organisation(session, "real", "Real data")
        rows = read_csv("\n".join(lines).encode())
        apply(session, organisation.id, plan(session, organisation.id, rows))
        study = create_study(
            session, library, organisation.id, code="real", name="Real", instrument=instrument
        )
        wave = create_wave(session, study, phase="before", source="import")
        open_wave(session, services.keys, library, wave)
    mapping = DATA / "maps" / f"{instrument}.yaml"
    with services.db.reading() as session:
        found = find_wave(session, find_study(session, "real", "real"), 1)
        prepared = importing.prepare(
            session, found, file.read_bytes(), mapping.read_bytes(), mapping.name
        )
    with services.db.transaction() as session:
        importing.store(session, prepared)
    close_and_release(services.db, services.keys, organisation.id, wave.id)
    with services.db.reading() as session:
        return read.documents(session, organisation.id, study.id)


def reference(name: str) -> dict[str, Any]:
    values = json.loads((DATA / name / "reference_values.json").read_text())["values"]
    return {value["id"]: value["value"] for value in values}


@pytest.fixture
def bhr2000(services: Any) -> read.StoredDocuments:
    file = DATA / "bhr2000" / "bhr2000.csv"
    with file.open() as opened:
        sizes = Counter(row["GRP"] for row in csv.DictReader(opened))
    return bring_in(services, "bhr2000", sizes.items(), file)


def test_bhr2000_gives_the_sources_own_means_and_sizes(bhr2000: read.StoredDocuments) -> None:
    means = reference("bhr2000")["bhr2000.scalemean.raw_means"]
    sizes = reference("bhr2000")["bhr2000.scalemean.n"]
    units = {code: unit_from_json(text) for code, text in bhr2000.units}
    assert len(units) == 100
    for group, mean in means.items():
        assert units[group].participation.answered == sizes[group]
        # scale 1–5 as 0–100 in whole points
        assert units[group].dimensions[0].score.index == math.floor((mean - 1) / 4 * 100 + 0.5)
    assert units["all"].participation.answered == 5400


@pytest.mark.parametrize("every", [12, long(1)])
def test_groups_of_bhr2000_have_a_report(
    bhr2000: read.StoredDocuments, tmp_path: Path, every: int
) -> None:
    documents = [text for _, text in bhr2000.units[::every]]
    made = render_units(
        bhr2000.header,
        documents,
        ["en"],
        bhr2000.digest,
        tmp_path / "reports",
        workers=2,
    )
    assert len(made) == len(documents)
    assert all(path.read_bytes().startswith(b"%PDF") for path in made)


def favourable(unit: UnitResult, item: str) -> int | None:
    results = {result.id: result for d in unit.dimensions for result in d.items}
    share = results[item].favourable
    return None if share is None else share.percent


def test_pisa_gives_the_published_shares_of_agreement(services: Any) -> None:
    file = DATA / "likert_pkg" / "pisaitems_ST24_sample4500.csv"
    stored = bring_in(
        services, "pisa-st24", [("canada", 1500), ("mexico", 1500), ("usa", 1500)], file
    )
    units = {code: unit_from_json(text) for code, text in stored.units}
    expected = reference("likert_pkg")
    for code, name in (("canada", "Canada"), ("mexico", "Mexico"), ("usa", "United States")):
        for line in expected[f"sample.{name}"]:
            high = line["high"]
            item = line["item"].lower()
            shown = favourable(units[code], item)
            reverse = item in {"st24q01", "st24q04", "st24q06", "st24q08", "st24q09"}
            assert shown == math.floor((100 - high if reverse else high) + 0.5)
