"""The joint look, against every way in which so few people could have answered."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import numpy as np
import pytest

from survey.disclosure import loosening
from survey.disclosure.audit_joint import NEAR, Found, JointAudit
from survey.disclosure.audit_programme import Label
from survey.disclosure.audit_system import Atlas
from survey.disclosure.audit_targets import MEAN, Ask, goal
from survey.disclosure.engine import protect
from survey.disclosure.model import Measured, Node, Protected, Tabulation
from tests.disclosure.drawn import People, measure, municipality

NODES = [Node("k", None), Node("a", "k"), Node("b", "k")]
SIZES = {"a": 5, "b": 7}


def drawn(seed: int) -> tuple[People, Measured]:
    """Two units; two items of three answers in one dimension; they nearly agree."""
    rng = np.random.default_rng(seed)
    unit = np.repeat([1, 2], list(SIZES.values()))
    lean = rng.integers(1, 4, size=(3, 2))
    answers = rng.integers(1, 4, size=(len(unit), 2))
    agree = rng.random(answers.shape) < 0.6
    answers[agree] = lean[unit][agree]
    people = People(NODES, unit, answers, np.zeros((len(unit), 0), bool), ["d", "d"], 3)
    return people, measure(people)


def histograms(people: int) -> np.ndarray:
    every = itertools.product(range(people + 1), repeat=3)
    return np.array([one for one in every if sum(one) == people])


def every_solution(audit: JointAudit) -> np.ndarray:
    """All whole numbers (P, N) that agree with the rows of the system, by trying them all."""
    system = audit.system
    parts = []
    for item in range(2):
        for atom in np.flatnonzero(system.people[item]).tolist():
            parts.append((system.columns[item][atom], histograms(int(system.people[item][atom]))))
    grid = np.indices([len(rows) for _, rows in parts]).reshape(len(parts), -1)
    found = np.zeros((grid.shape[1], len(system.truth)))
    for (columns, rows), chosen in zip(parts, grid, strict=True):
        found[:, columns] = rows[chosen]
    told = found @ system.matrix.T.toarray()
    return found[((told >= system.low) & (told <= system.high)).all(axis=1)]


def exposed(audit: JointAudit) -> set[tuple[str, int, int, int]]:
    """What is exposed to somebody, judged by all solutions at once."""
    possible = every_solution(audit).T
    everybody = np.ones(len(audit.system.whole), dtype=bool)
    found = set()
    for target in audit.questions.targets():
        ask = Ask(audit.questions, audit.crowd, target, everybody)
        ask.see(possible, audit.crowd.fits(possible))
        if len(ask.left()):
            found.add((target.name, target.item, target.low, target.high))
    return found


def printed(measured: Measured, *, secondary: bool = True) -> Protected:
    return protect(measured, NODES, 5, secondary=secondary)


def joint(measured: Measured, *, secondary: bool = True) -> JointAudit:
    atlas = Atlas([Tabulation(NODES, printed(measured, secondary=secondary))])
    return JointAudit(atlas, measured.items, measured, "d", 5)


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_what_trying_every_answer_finds(seed: int) -> None:
    _, measured = drawn(seed)
    for secondary in (True, False):  # without the engine's care there is more to be found
        table = printed(measured, secondary=secondary)
        atlas = Atlas([Tabulation(NODES, table)])
        audit = JointAudit(atlas, measured.items, measured, "d", 5)
        found = {
            (each.target.name, each.target.item, each.target.low, each.target.high)
            for each in audit.findings()
        }
        assert found == exposed(audit)


def test_some_of_these_are_exposed_and_nothing_is_after_loosening() -> None:
    before = 0
    for seed in range(8):
        _, measured = drawn(seed)
        table = printed(measured)
        audit = joint(measured)
        before += any(True for _ in audit.findings())
        mended = loosening.loosened(table, measured, NODES)
        assert mended.exposures == ()
        after = Atlas([Tabulation(NODES, mended.protected)])
        assert exposed(JointAudit(after, measured.items, measured, "d", 5)) == set()
        assert mended == loosening.loosened(table, measured, NODES[::-1])  # the same every time
        for cell in mended.protected.cells.values():  # one dimension: overall is the same number
            assert (cell.index["d"].value is None) == (cell.index["overall"].value is None)
    assert before


def test_where_no_single_statistic_is_enough_each_that_is_hidden_is_needed() -> None:
    people = municipality(4, dimensions=1, items=4, seed=5, missing=0.0)
    measured = measure(people)
    table = protect(measured, people.nodes, secondary=False)
    atlas = Atlas([Tabulation(people.nodes, table)])
    audit = JointAudit(atlas, measured.items, measured, "d0", 5)
    several = 0
    for found in audit.findings():
        labels = loosening._cheapest(audit, atlas, found)
        assert audit.is_open(found, labels)
        cells = {frozenset(one) for one in loosening._choices(audit, atlas, found.target.atoms)}
        parts = [one for one in cells if one <= labels]
        if labels not in cells:
            several += 1
            for part in parts:
                assert not audit.is_open(found, labels - part)
        audit.hide(labels)
    assert several


def test_the_cheapest_that_are_enough_are_found_with_few_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is hidden alone is what trying one statistic after the other would have found."""
    people = municipality(4, dimensions=1, items=4, seed=5, missing=0.0)
    measured = measure(people)
    atlas = Atlas([Tabulation(people.nodes, protect(measured, people.nodes, secondary=False))])
    audit = JointAudit(atlas, measured.items, measured, "d0", 5)
    asked: list[object] = []
    really = JointAudit.is_open

    def counted(self: JointAudit, found: Found, gone: Collection[Label]) -> bool:
        asked.append(gone)
        return really(self, found, gone)

    monkeypatch.setattr(JointAudit, "is_open", counted)
    alone = 0
    for found in audit.findings():
        choices = list(loosening._choices(audit, atlas, found.target.atoms))
        asked.clear()
        enough = loosening._enough(audit, found, choices)
        assert len(asked) <= np.ceil(np.log2(len(choices)))
        assert really(audit, found, loosening._union(choices[:enough]))
        assert not really(audit, found, loosening._union(choices[: enough - 1]))
        labels = loosening._cheapest(audit, atlas, found)
        if labels == choices[enough - 1]:
            alone += 1
            first = next(each for each in choices if really(audit, found, each))
            assert first == labels
        audit.hide(labels)
    assert alone


def test_a_programme_for_many_heeds_what_is_hidden_already() -> None:
    """Nobody's count lies two further off while everything is printed; some do when nothing is."""
    known = 0
    for seed in range(8):
        audit = joint(drawn(seed)[1], secondary=False)
        system = audit.system
        labels = {row.label for row in system.rows if row.label is not None}
        everybody, nobody = np.ones(len(system.whole), dtype=np.bool_), np.zeros(len(system.truth))
        for found in audit.findings():
            if found.who or found.target.item == MEAN:
                continue
            asked = goal(system, found.target)
            ends = [(sign * asked, sign * (asked @ system.truth) + 2.0) for sign in (1.0, -1.0)]
            assert all(system.keeping(*end, everybody, nobody) is None for end in ends)
            assert any(system.keeping(*end, everybody, nobody, labels) is not None for end in ends)
            known += 1
    assert known


def test_whatever_a_walk_reaches_prints_the_same() -> None:
    people = municipality(8, dimensions=1, items=3, seed=5, missing=0.05)
    measured = measure(people)
    atlas = Atlas([Tabulation(people.nodes, protect(measured, people.nodes))])
    audit = JointAudit(atlas, measured.items, measured, "d0", 5)
    system = audit.system
    for _ in range(4):
        told = system.matrix @ audit.walk.round()
        assert (told >= system.low[:, None]).all()
        assert (told <= system.high[:, None]).all()
    assert (audit.walk.at != system.truth[:, None]).any(axis=0).all()


def test_what_swaps_call_open_is_open() -> None:
    """To everybody, by programmes that know nothing of swaps."""
    people = municipality(10, dimensions=1, items=3, seed=2, missing=0.0)
    measured = measure(people)
    atlas = Atlas([Tabulation(people.nodes, protect(measured, people.nodes))])
    audit = JointAudit(atlas, measured.items, measured, "d0", 5)
    questions = audit.questions
    called = [
        target
        for target in questions.targets()
        if target.item != MEAN and audit.swaps.open(target, 2.0)
    ]
    assert len(called) > 50
    for target in called[::25]:
        ask = audit._ask(questions, target)
        for place in range(min(3, len(ask.who))):
            assert audit._tried(ask, place, NEAR) is None


def test_two_people_of_the_area_are_asked_wherever_they_stand_in_the_order() -> None:
    nodes = [Node("k", None), Node("z", "k"), *(Node(f"a{n:02}", "z") for n in range(14))]
    unit = np.repeat(np.arange(len(nodes)), [0, 2, *[6] * 14])
    answers = np.random.default_rng(0).integers(1, 4, size=(len(unit), 2))
    people = People(nodes, unit, answers, np.zeros((len(unit), 0), bool), ["d", "d"], 3)
    measured = measure(people)
    atlas = Atlas([Tabulation(nodes, protect(measured, nodes))])
    audit = JointAudit(atlas, measured.items, measured, "d", 5)
    (target,) = [t for t in audit.questions.targets()
                 if (t.name, t.item, t.low, t.high) == ("a00 (own)", 0, 0, 1)]  # fmt: skip
    assert audit._near(target)[atlas.at["z"]]


def test_a_wave_that_nobody_answered_is_left_as_it_is() -> None:
    nobody = People(NODES, np.zeros(0, int), np.zeros((0, 2), int), np.zeros((0, 0), bool), ["d"] * 2, 3)  # fmt: skip  # noqa: E501
    table = printed(measure(nobody))
    assert loosening.loosened(table, measure(nobody), NODES).protected == table
