"""Instruments are found where they are shipped and in the operator's own folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from survey.core.errors import Conflict, InvalidInput, NotFound
from survey.instrument.check import load
from survey.instrument.library import Library, shipped

DATA = Path(__file__).parent.parent / "data" / "instruments"
DIGESTS = json.loads((shipped() / "digests.json").read_text(encoding="utf-8"))
SMALL = (DATA / "bhr2000" / "1.yaml").read_text(encoding="utf-8")


def put(root: Path, line: str, version: int, text: str = SMALL) -> Path:
    path = root / line / f"{version}.yaml"
    path.parent.mkdir(exist_ok=True)
    text = text.replace("id: bhr2000", f"id: {line}").replace("version: 1", f"version: {version}")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_published_version_never_changes() -> None:
    """When this fails after an edit: undo it and publish the change as the next version.

    A new version gets its own entry in instruments/digests.json.
    """
    digests = {f"{each.id}/{each.version}": each.digest for each in Library().all()}
    assert digests == DIGESTS


def test_the_shipped_say_where_their_words_come_from() -> None:
    assert all(each.source and each.licence for each in Library().all())


def test_the_newest_version_comes_unless_one_is_named(tmp_path: Path) -> None:
    for version in (1, 2, 10):
        put(tmp_path, "small", version)
    library = Library(tmp_path)
    assert library.versions("small") == [1, 2, 10]
    assert library.get("small").version == 10
    assert library.get("small", 2).version == 2


def test_all_holds_the_shipped_and_the_operators_own() -> None:
    library = Library(DATA)
    assert library.lines() == ["baerum-barometer", "bhr2000", "kort", "pisa-st24"]
    assert [each.id for each in library.all()] == library.lines()


@pytest.mark.parametrize(("line", "version"), [("nothing", None), ("baerum-barometer", 99)])
def test_what_is_not_there_is_not_found(line: str, version: int | None) -> None:
    with pytest.raises(NotFound):
        Library().get(line, version)
    assert Library().versions("nothing") == []


def test_an_operator_cannot_replace_what_is_shipped(tmp_path: Path) -> None:
    text = (shipped() / "baerum-barometer" / "1.yaml").read_text(encoding="utf-8")
    path = put(tmp_path, "baerum-barometer", 1, text)
    assert Library(tmp_path).get("baerum-barometer").digest == DIGESTS["baerum-barometer/1"]
    path.write_text(text.replace("Vi setter av tid", "Vi har tid"), encoding="utf-8")
    with pytest.raises(Conflict):
        Library(tmp_path).get("baerum-barometer")


def test_a_draft_beside_the_versions_is_not_offered(tmp_path: Path) -> None:
    put(tmp_path, "small", 1).with_name("draft.yaml").write_text("nothing yet")
    assert Library(tmp_path).versions("small") == [1]


def test_an_edited_file_is_read_anew_and_a_broken_one_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "small", 1)
    library = Library(tmp_path)
    assert library.get("small").dimensions[0].title["en"] == "Leadership"
    for text in (path.read_text().replace("Leadership", "Leading"), "scales: 1"):
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(0, len(text)))
        if text == "scales: 1":
            with pytest.raises(InvalidInput):
                library.get("small")
        else:
            assert library.get("small").dimensions[0].title["en"] == "Leading"


def test_the_real_data_sets_have_eleven_items_each() -> None:
    soldiers = load(DATA / "bhr2000" / "1.yaml")
    pupils = load(DATA / "pisa-st24" / "1.yaml")
    assert len(soldiers.items) == len(pupils.items) == 11
    assert [s.options for each in (soldiers, pupils) for s in each.scales.values()] == [5, 4]
