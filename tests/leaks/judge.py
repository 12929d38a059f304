"""What docs/anonymity.md says of small counts: which of them may be told, and by whom.

The judge knows the answers, as the attacker does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tests.leaks.inside import Counted, Mean, ratings
from tests.leaks.knowledge import Group, Roll, has_item
from tests.leaks.reading import Json

FEW = 3
"""All but so many are nearly all."""
MANY = 100
"""From so many on all categories stand, as they are."""


def left_open(
    roll: Roll,
    dimension: Json,
    name: str,
    groups: Sequence[str],
    counted: Sequence[Counted],
    places: Mapping[int, str],
) -> bool:
    """May these groups' counts of an item be told?

    Nearly all of ten or more chose one of the same two answers, so that index and share say it; or
    all categories of a hundred and more stand; or a share of several groups together stands beside
    the index of one of five to nine.
    """
    (item,) = [each for each in dimension["items"] if each["id"] == name]
    people = roll.wave.people
    chosen = Counter(
        roll.wave.step(dimension, item, people[i].items[name])
        for i, node in places.items()
        if node in groups and has_item(name)(people[i])
    )
    rest = chosen.total() - sum(count for _, count in chosen.most_common(2))
    if chosen.total() >= 10 and rest <= FEW:
        return True
    if chosen.total() >= MANY:
        return True
    unions = {union for each in counted for union in each.asked if set(union) & set(groups)}
    return any(
        len(union) > 1 and any(each.size[node] < 10 for each in counted for node in union)
        for union in unions
    )


def without_own(
    roll: Roll, dimension: Json, group: Group, total: tuple[float, float], rng: np.random.Generator
) -> Iterator[tuple[str, str, str]]:
    """What each of a group learns of the others from the index of a single item, when he takes his
    own answer away. (Nothing is asked where they are all at one end: that he may see.)"""
    (item,) = dimension["items"]
    top = roll.wave.options(dimension) - 1
    if group.size >= roll.program.alone_from:
        return
    said = [
        roll.wave.step(dimension, item, roll.wave.people[i].items[item["id"]]) for i in group.people
    ]
    for own in sorted({step for step in said if step is not None}):
        if set(Counter(said) - Counter([own])) in ({0}, {top}):
            continue
        left = Counted(item["id"], top + 1, {group.node: group.size - 1})
        low, high = (end - 100 * own / top for end in total)
        mean = Mean((low, high), (0.0, 0.0), group.size - 1)
        for where, name, what in ratings([left], {group.node: mean}, rng):
            yield f"{where} but one who chose {own + 1}", name, what
