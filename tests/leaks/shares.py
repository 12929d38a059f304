"""Which counts the printed shares of a statistic leave to each group of people.

A share is a sum of counts over the groups below a unit, printed in steps; what each unit prints
narrows the sums along the tree, and these the counts of every group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.leaks.knowledge import Group, Roll, category_of, rounded_to, share_of
from tests.leaks.reading import Json
from tests.leaks.sums import ends, fitting, members, numbers, span


def counts_of(
    roll: Roll, shared: Mapping[str, Group], printed: Mapping[str, Json], fine_from: int
) -> dict[str, tuple[int, int]]:
    """Of each group, the least and greatest count that the printed shares leave."""
    stands = {node: rounded_to(roll.program, group.size) for node, group in shared.items()}
    own = {node: numbers(kept) for node, kept in stands.items()}
    told = {}
    for code, share in printed.items():
        size = sum(shared[node].size for node in roll.below(code, shared))
        fine = min(roll.n(code), size) >= fine_from
        wanted = (share.get("percent"), share.get("form"))
        told[code] = numbers(
            c for c in range(size + 1) if share_of(c, size, 1 if fine else 5) == wanted
        )
    left = fitting(roll.wave.parent, own, told).own
    found = {}
    for node, kept in stands.items():
        counts = [count for each in members(left[node]) for count in kept[each]]
        found[node] = min(counts), max(counts)
    return found


def categories_of(
    roll: Roll,
    shared: Mapping[str, Group],
    answers: int,
    rows: Mapping[str, Sequence[Json]],
    *,
    alone: bool = False,
) -> Iterator[tuple[tuple[str, ...], int, int, int]]:
    """(groups together, answer, least, greatest count) from all answer categories."""
    people = {i: node for node, group in shared.items() for i in group.people}
    program = roll.program
    from_ = program.alone_from if alone else program.categories_from
    least = max(roll.least, from_)
    large, home = roll.groups(lambda _: True, people, least)
    if not rows:
        return
    for place in range(answers):
        own = {node: span(0, group.size) for node, group in large.items()}
        told = {}
        for code, row in rows.items():
            size = sum(large[node].size for node in roll.below(code, large))
            wanted = (row[place].get("percent"), row[place].get("form"))
            told[code] = numbers(c for c in range(size + 1) if category_of(c, size) == wanted)
        left = fitting(roll.wave.parent, own, told).own
        for node in large:
            nodes = tuple(each for each in shared if home.get(each) == node)
            yield nodes, place, *ends(left[node])
