"""What the search once found, kept: published again, and nothing is found any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.leaks.attacker import attack
from tests.leaks.drawing import DrawnWave, History, Place
from tests.leaks.outputs import read_wave
from tests.leaks.world import Person, Shuffle

pytestmark = pytest.mark.no_cover


def exposed(published, shape: str, said: Sequence[Sequence[int]]) -> list[object]:
    """What is found of a single unit; ``said`` are the answers, from 1, to every item in turn."""
    unit = [Place("K", "Kommunen", None, "", len(said))]
    drawn = DrawnWave(unit, 1.0, 0.0, False, 0.0, 0.5, seed=1)
    [(made, wave)] = published(History(shape, 5, [drawn]), shuffle=saying(said))
    return list(attack(read_wave(made, wave)))


def saying(said: Sequence[Sequence[int]]) -> Shuffle:
    """Lets people answer this."""

    def change(people: list[Person]) -> list[Person]:
        return [
            replace(person, items=dict(zip(sorted(person.items), answers, strict=True)))
            for person, answers in zip(people, said, strict=True)
        ]

    return change


@pytest.mark.parametrize("people", [5, 10, 19, 20, 40])
@pytest.mark.parametrize("lowest", [0, 1])
def test_that_all_say_the_same_is_not_told_apart_from_all_but_one(published, people, lowest):
    """An index that was clamped beyond 80, 90 or 95 only, and not at it, said of 5, 10 and 20 that
    nobody had given the lowest answer; printed without a bound, that one or two had not given the
    highest."""
    said = [[1]] * lowest + [[4]] * (people - lowest)
    assert exposed(published, "ett-ledd", said) == []


@pytest.mark.parametrize(("people", "highest"), [(5, 5), (5, 4), (10, 10), (12, 2), (20, 20)])
def test_the_index_of_two_steps_is_a_share_and_waits_for_a_hundred(published, people, highest):
    """It told of five whether all five or four had said yes, and of twelve that two had."""
    said = [[2, 2, 2]] * highest + [[1, 1, 1]] * (people - highest)
    assert exposed(published, "to-trinn", said) == []


@pytest.mark.parametrize("counts", [(42, 0, 58, 0), (45, 14, 0, 61), (0, 35, 57, 28)])
def test_one_item_s_categories_and_share_beside_its_index_tell_of_nobody(published, counts):
    """From a hundred answers on, four categories in steps of five, the share of two of them in
    whole per cent and the index left one solution, in which nobody had chosen an answer."""
    said = [[step + 1] for step, count in enumerate(counts) for _ in range(count)]
    assert exposed(published, "ett-ledd", said) == []
