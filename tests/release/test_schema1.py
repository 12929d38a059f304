"""Releases of the first design are read under today's forms, and stay what they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from survey.release.codec import header_from_json, to_plain, unit_from_json
from survey.release.document import Share

FILES = sorted((Path(__file__).parents[1] / "data" / "releases").glob("schema1-*.json"))
GONE = {"n", "distribution", "shares", "agreement", "spread", "percent_masked", "count"}
"""Fields of the first design that told more than today's documents do."""


def stored(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def names(plain: Any) -> Iterator[str]:
    """Every field's name, anywhere in a document."""
    if isinstance(plain, dict):
        for name, value in plain.items():
            yield name
            yield from names(value)
    elif isinstance(plain, list | tuple):
        for each in plain:
            yield from names(each)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_document_keeps_its_indices_and_loses_what_told_more(path: Path) -> None:
    old = stored(path)["unit"]
    unit = unit_from_json(json.dumps(old))
    assert unit.schema == 1
    assert unit.overall.index == old["overall"]["index"]
    assert [d.score.index for d in unit.dimensions] == [
        d["score"]["index"] for d in old["dimensions"]
    ]
    assert unit.participation.answered == old["participation"]["answered"]
    assert not GONE & set(names(to_plain(unit)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_below_a_hundred_answers_only_favourable_shares_stand_in_steps_of_five(path: Path) -> None:
    unit = unit_from_json(json.dumps(stored(path)["unit"]))
    shares = [item.favourable for d in unit.dimensions for item in d.items]
    known = [share for share in shares if share is not None]
    assert bool(known) == (unit.tier in ("shares", "full"))
    assert {share.step for share in known} <= {5}
    assert {(share.percent or 0) % 5 for share in known} <= {0}
    rest = [(i.categories, i.not_applicable) for d in unit.dimensions for i in d.items]
    assert set(rest) <= {(None, None)}
    assert not [o for q in unit.questions for o in q.options if o.share is not None]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_header_is_read_with_its_own_schema(path: Path) -> None:
    header = header_from_json(json.dumps(stored(path)["header"]))
    assert header.schema == 1
    assert header.public_level == 0, "nobody was told that more would be public"


def items_of(n: int, **item: Any) -> Any:
    """A statement of a unit of ``n`` answers as the first design stored it, read today."""
    document = stored(next(path for path in FILES if path.stem == "schema1-full"))["unit"]
    document["participation"]["answered"] = n
    document["dimensions"][0]["items"] = [{"id": "x", "n": n, **item}]
    return unit_from_json(json.dumps(document)).dimensions[0].items[0]


def test_at_least_ninety_per_cent_became_all_but_a_few() -> None:
    said = {"at_least": "favourable", "neutral": None}
    assert items_of(30, shares=said).favourable == Share(None, 5, "all_but_few")
    few = {"at_least": "unfavourable", "neutral": None}
    assert items_of(30, shares=few).favourable == Share(None, 5, "few")


@pytest.mark.parametrize(("percent", "n"), [(10, 30), (7, 40), (0, 60)])
def test_up_to_three_people_are_none_or_a_few(percent: int, n: int) -> None:
    read = items_of(n, shares={"favourable": percent}).favourable
    assert read.form == "few"
    assert read.percent is None


def test_below_ten_answers_no_share_stands() -> None:
    assert items_of(9, shares={"favourable": 50}).favourable is None


def test_from_a_hundred_all_categories_stand_in_steps_of_five() -> None:
    bars = [{"values": [v], "percent": p} for v, p in ((1, 3), (2, 42), (3, 52), (4, 3))]
    read = items_of(120, shares={"favourable": 55}, distribution=bars)
    assert read.favourable == Share(55, 1)
    assert [c.share for c in read.categories] == [
        Share(5, 5, "below"),
        Share(40, 5),
        Share(50, 5),
        Share(5, 5, "below"),
    ]
    merged = [{"values": [1, 2], "percent": 45}, {"values": [3], "percent": 55}]
    assert items_of(120, shares={"favourable": 55}, distribution=merged).categories is None
