"""The demo municipality: built from a seed through the normal paths, and worth looking at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from survey.cli.demo import make_links
from survey.core.config import Settings
from survey.core.db import now
from survey.core.errors import Conflict
from survey.core.services import Services, build
from survey.demo import municipality
from survey.operations import migrate
from survey.release import look, read
from survey.release.audit import audit_stored
from survey.study.models import Study, Wave
from survey.study.participation import latest_hour, participation
from tests.secrets_for_tests import SECRET_KEY

pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder: Path = tmp_path_factory.mktemp("demo")
    parts = build(Settings(data_dir=folder / "var", secret_key=SECRET_KEY))
    migrate.upgrade(parts)
    municipality.build(parts)
    yield parts
    parts.db.dispose()


@pytest.fixture(scope="module")
def releases(parts: Services) -> list[read.StoredRelease]:
    with parts.db.reading() as session:
        study = session.scalars(sa.select(Study)).one()
        return read.releases(session, study.organisation_id, study.id)


def unit(parts: Services, code: str, ordinal: int) -> read.StoredUnit:
    with parts.db.reading() as session:
        study = session.scalars(sa.select(Study)).one()
        return read.unit_document(session, study.organisation_id, study.id, code, ordinal)


def test_three_waves_are_released_and_a_fourth_is_open(parts: Services) -> None:
    with parts.db.reading() as session:
        found = session.execute(sa.select(Wave.phase, Wave.state).order_by(Wave.ordinal)).all()
    assert [tuple(row) for row in found] == [
        ("before", "released"),
        ("during", "released"),
        ("after", "released"),
        ("after", "open"),
    ]


def test_about_forty_units_on_three_levels_some_of_them_small(
    releases: list[read.StoredRelease],
) -> None:
    units = releases[2].header.units
    parents = {entry.parent for entry in units}
    assert {entry.level for entry in units} == {0, 1, 2}
    assert 35 <= sum(entry.code not in parents for entry in units) <= 45
    tiers = Counter(entry.tier for entry in units)
    assert tiers["full"] >= 3
    assert tiers["none"] >= 3
    assert tiers["shares"] >= 20
    assert tiers["index"] >= 5


def test_every_area_has_a_number_and_every_release_passes_its_audit(
    parts: Services, releases: list[read.StoredRelease]
) -> None:
    for release in releases:
        looked = look_of(parts, release)
        parents = {entry.parent for entry in release.header.units}
        for each in looked.units:
            if each.code in parents or (each.answered or 0) >= 10:
                assert each.answered is not None
                found = unit(parts, each.code, release.header.wave.ordinal).unit
                assert found.overall.index is not None, each.code
        assert not looked.uncounted
    with parts.db.reading() as session:
        study = session.scalars(sa.select(Study)).one()
        audited = audit_stored(session, study.organisation_id, study.id)
    assert [each.findings for each in audited] == [(), (), ()]


def look_of(parts: Services, release: read.StoredRelease) -> look.Look:
    with parts.db.reading() as session:
        study = session.scalars(sa.select(Study)).one()
        return look.of_release(session, study.organisation_id, release)


def test_units_differ_about_as_much_as_real_ones(releases: list[read.StoredRelease]) -> None:
    dimensions = releases[0].header.method.dimensions.values()
    found = [one.icc1 for one in dimensions if one.alpha is not None and one.icc1 is not None]
    assert 0.14 <= sum(found) / len(found) <= 0.28


def test_one_area_improves(parts: Services) -> None:
    [change] = [one for one in unit(parts, "hel", 3).unit.changes if one.from_ordinal == 1]
    assert change.overall.verdict == "risen"
    others = [
        one.overall.difference
        for area in ("opp", "tek", "kul")
        for one in unit(parts, area, 3).unit.changes
        if one.from_ordinal == 1 and one.overall.difference is not None
    ]
    assert change.overall.difference is not None
    assert change.overall.difference > max(others) + 3


def test_the_tree_changed_between_the_waves(parts: Services) -> None:
    assert unit(parts, "h09", 1).unit.unit.parent == "hel"
    assert unit(parts, "h09", 2).unit.unit.parent == "opp"
    moved = unit(parts, "h09", 2).unit
    assert [(each.kind, each.comparable) for each in moved.reorganisations] == [("moved", True)]
    merged = unit(parts, "k06", 2).unit
    assert [each.comparable for each in merged.changes] == [False]
    assert merged.reorganisations[0].before == ("Kulturskolen", "Ungdomshuset")
    # Later waves compare it with itself from its first one on.
    assert [each.comparable for each in unit(parts, "k06", 3).unit.changes] == [False, True]


def test_the_open_wave_shows_what_was_counted_at_six(parts: Services) -> None:
    with parts.db.reading() as session:
        wave = session.scalars(sa.select(Wave).where(Wave.state == "open")).one()
        counts = participation(session, wave)
    assert counts.counted_at == latest_hour(now())
    assert counts.top is not None
    assert counts.top.answered is not None
    assert counts.top.answered >= 100


def test_the_links_lead_in(parts: Services) -> None:
    from survey.app import create_app

    links = dict(make_links(parts))
    assert set(links) == {"an employee", "a manager", "innovation staff"}
    host = {"Host": "127.0.0.1:8000"}
    client = create_app(parts.settings, parts).test_client()
    for link in links.values():
        path = link.removeprefix("http://127.0.0.1:8000")
        assert client.get(path, headers=host).status_code in (200, 303), path


def test_it_is_not_built_twice(parts: Services) -> None:
    with pytest.raises(Conflict):
        municipality.build(parts)
