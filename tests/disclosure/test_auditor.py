"""The auditor finds whatever the engine would do wrong, one thing at a time."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from survey.disclosure.auditor import audit, block_lines
from survey.disclosure.blocks import labels
from survey.disclosure.model import IndexBlock
from survey.instrument.layout import Layout
from survey.instrument.library import Library
from survey.release.codec import to_plain
from survey.release.compute import protect_wave, write_documents
from survey.release.document import WaveFacts
from survey.release.frame import Frame, FrameUnit, depth_first
from survey.release.lineage import Earlier

WAVE = WaveFacts(1, "before", "Før", "2026-01-05", "2026-01-30")
SIZES = {"top": 3, "a": 6, "b": 4, "c": 2} | {
    f"{area}{number}": 6 + 5 * number for area in "abc" for number in range(1, 7)
}


def waves():
    """Two waves of a municipality of three areas and eighteen units, the second 10 points up."""
    instrument = Library().get("baerum-barometer")
    layout, rng = Layout(instrument), np.random.default_rng(5)
    parent = {"top": None} | {
        code: code[0] if len(code) > 1 else "top" for code in SIZES if code != "top"
    }
    units = depth_first(
        [
            FrameUnit(
                code,
                f"Enhet {code}",
                "lag" if len(code) > 1 else "",
                parent[code],
                n + 3,
                n + 3,
                code,
            )
            for code, n in SIZES.items()
        ]
    )
    earlier: list[Any] = []
    for ordinal in (1, 2):
        frame = Frame(
            "Kultur", "Fjordby", ("nb",), 5, replace(WAVE, ordinal=ordinal), instrument, units
        )
        home = labels(frame.nodes(), SIZES, 5)
        sheets: dict[str, str] = {}
        for code, n in SIZES.items():
            for _ in range(n):
                person = rng.normal(2.3 + 0.3 * ordinal, 0.5)
                sheets[home[code]] = sheets.get(home[code], "") + "".join(
                    "?"
                    if slot.kind == "item" and rng.random() < 0.05
                    else str(
                        int(
                            np.clip(
                                round(rng.normal(person, 0.7)),
                                1,
                                4 if slot.kind == "item" else len(slot.alphabet) - 1,
                            )
                        )
                    )
                    for slot in layout.slots
                )
        made = write_documents(frame, protect_wave(frame, sheets), earlier, "1")
        earlier.append(
            Earlier(frame.wave, {u.unit.code: u for u in made.units}, made.header.method)
        )
    return made


@pytest.fixture(scope="module")
def made():
    """The second wave's release."""
    return waves()


@pytest.fixture
def header(made):
    """Its header as plain data, to be tampered with."""
    return copy.deepcopy(to_plain(made.header))


@pytest.fixture
def units(made):
    """Its units as plain data by code, to be tampered with."""
    return {unit.unit.code: copy.deepcopy(to_plain(unit)) for unit in made.units}


def found(header, units, blocks):
    return {str(each) for each in audit(header, list(units.values()), blocks)}


def test_a_release_as_it_is_made_has_no_finding(made, header, units):
    assert found(header, units, made.blocks) == set()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("participation", "answered"), 12),
        (("overall", "index"), 1),
        (("overall", "interval", "low"), 1),
        (("dimensions", 0, "score", "index"), 99),
        (("dimensions", 0, "score", "bound"), "at_least"),
        (("dimensions", 0, "items", 0, "favourable"), {"percent": 55}),
        (("dimensions", 0, "items", 0, "categories"), [{"value": 1, "share": {"percent": 5}}]),
        (("dimensions", 0, "items", 0, "not_applicable"), {"percent": 5}),
        (("questions", 0, "options", 0, "share"), {"percent": 33, "step": 1}),
        (("comparisons", 0, "overall", "index"), 7),
        (("comparisons", 2, "dimensions", "sharing", "index"), 7),
        (("changes", 0, "overall", "later"), 7),
        (("changes", 0, "overall", "verdict"), "fallen"),
        (("texts_of",), 3),
    ],
)  # fmt: skip
def test_a_number_that_the_blocks_do_not_give_is_found(made, header, units, path, value):
    place = units["a3"]
    for step in path[:-1]:
        place = place[step]
    assert place.get(path[-1]) != value
    place[path[-1]] = value
    assert any(each.startswith("a3: ") for each in found(header, units, made.blocks))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "n_of_items"),
        (("overall",), "n"),
        (("dimensions", 0), "sd"),
        (("dimensions", 0, "items", 0), "n"),
        (("participation",), "spent"),
        (("changes", 0, "overall"), "p"),
    ],
)
def test_a_number_that_nobody_named_is_found(made, header, units, path, name):
    place = units["a3"]
    for step in path:
        place = place[step]
    place[name] = 4
    assert any(f"{name} is not known" in each for each in found(header, units, made.blocks))


def test_a_field_of_the_header_that_nobody_named_is_found(made, header, units):
    header["method"]["sd_of_a3"] = 17
    assert found(header, units, made.blocks) == {"header: field method.sd_of_a3 is not known"}


def grouping_of(made, change):
    """The blocks with the grouping of answers altered."""
    return replace(made.blocks, answers=change(made.blocks.answers))


def test_a_block_of_too_few_people_is_found(made, header, units):
    def smaller(grouping):
        return replace(grouping, counts={**grouping.counts, "a1": 4})

    whole = found(header, units, grouping_of(made, smaller))
    assert "answers: a block has too few people" in whole


def test_a_least_size_below_the_statistics_own_is_found(made, header, units):
    blocks = replace(made.blocks, texts=replace(made.blocks.texts, least=3))
    assert found(header, units, blocks) == {"texts: a block has too few people"}


def test_people_who_are_counted_in_a_block_that_is_not_above_them_are_found(made, header, units):
    def moved(grouping):
        return replace(grouping, home={**grouping.home, "a1": "b"})

    whole = found(header, units, grouping_of(made, moved))
    assert "answers: the people of a1 are not in the nearest block above" in whole


def test_people_who_are_left_out_though_they_could_be_counted_are_found(made, header, units):
    def without(grouping):
        return replace(grouping, home={k: v for k, v in grouping.home.items() if k != "a6"})

    whole = found(header, units, grouping_of(made, without))
    assert "answers: people who could be in a block are in none" in whole


def test_an_index_beyond_its_clamp_is_found(made, header, units):
    index = made.blocks.indices["sharing"]
    values = {**index.values, "a1": IndexBlock(93)}
    changed = {**made.blocks.indices, "sharing": replace(index, values=values)}
    whole = found(header, units, replace(made.blocks, indices=changed))
    assert "sharing: the block at a1 is not clamped" in whole


@pytest.mark.parametrize("count", [1, 2, -1, -2])
def test_a_count_that_tells_of_one_or_two_is_found(made, header, units, count):
    name, share = next(iter(made.blocks.shares.items()))
    at, size = next(iter(share.grouping.sizes.items()))
    counts = {**share.counts, at: count if count > 0 else size + count}
    changed = {**made.blocks.shares, name: replace(share, counts=counts)}
    whole = found(header, units, replace(made.blocks, shares=changed))
    assert f"{name}: the block at {at} tells of one or two" in whole


def test_categories_that_do_not_add_up_are_found(made, header, units):
    name, each = next((n, c) for n, c in made.blocks.categories.items() if c.counts)
    at, counts = next(iter(each.counts.items()))
    changed = {at: (counts[0] + 1, *counts[1:])}
    categories = {**made.blocks.categories, name: replace(each, counts={**each.counts, **changed})}
    whole = found(header, units, replace(made.blocks, categories=categories))
    assert f"{name}: the block at {at} does not add up" in whole


def test_a_merged_unit_that_prints_a_number_is_found(made, header, units):
    stranger = copy.deepcopy(units["a3"])
    stranger["unit"]["code"] = "x"
    whole = found(header, {**units, "x": stranger}, made.blocks)
    assert "x: a merged unit prints a number" in whole


def test_the_blocks_are_told_in_words(made):
    names = {"a": "Oppvekst", "top": "Fjordby"}
    lines = list(block_lines(made.blocks, names))
    assert any(
        line.startswith("Oppvekst, ") and line.endswith("6 enheter og 6 andre.") for line in lines
    )
