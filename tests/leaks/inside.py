"""What index, shares and categories of a sub-goal, or shares of a question, tell together.

Groups that are linked by a common share make up one programme; its unknowns are how many people
of each group chose each answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.leaks.programme import Programme, exactly, told_apart
from tests.leaks.reading import Json

Span = tuple[int, int]


@dataclass
class Counted:
    """An item, or a question's options: how many of each group answered it, and what is told.

    ``size``: group → people who answered; ``told``: (groups, first, last + 1 of the answers, least,
    most): so many of these groups' people together gave one of these answers.
    """

    name: str
    answers: int
    size: Mapping[str, int]
    told: list[tuple[tuple[str, ...], int, int, int, int]] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    """Groups that are printed together, and so asked about together."""


@dataclass
class Mean:
    """A group's sum of scores: (least, greatest), how much of it lies outside of the items'
    answers (people without a score, answers that weigh more), and its squares if they are told."""

    total: tuple[float, float]
    slack: tuple[float, float]
    people: int
    squares: tuple[float, float] | None = None


def components(groups: Iterable[str], linked: Iterable[Sequence[str]]) -> list[set[str]]:
    """Groups that hang together."""
    top = {group: group for group in groups}

    def find(group: str) -> str:
        while top[group] != group:
            group = top[group]
        return group

    for together in linked:
        for one, other in itertools.pairwise(together):
            top[find(one)] = find(other)
    found: dict[str, set[str]] = {}
    for group in top:
        found.setdefault(find(group), set()).add(group)
    return list(found.values())


def ratings(
    items: Sequence[Counted], means: Mapping[str, Mean], rng: np.random.Generator
) -> Iterator[tuple[str, str, str]]:
    """Ask every count of a sub-goal's items: (groups, statistic, what is known)."""
    linked = [told[0] for item in items for told in item.told]
    linked += [together for item in items for together in item.asked]
    for part in components(means, linked):
        made = Programme()
        for item in items:
            _unknowns(made, item, part)
            for group in part:
                terms = {(item.name, group, p): 1.0 for p in range(item.answers)}
                made.bound(terms, item.size[group], item.size[group])
        for group in part:
            _mean(made, items, group, means[group])
        made.seed(rng, 2)
        for item in items:
            sides = {(0, item.answers // 2), (item.answers - item.answers // 2, item.answers)}
            runs = sides | {(p, p + 1) for p in range(item.answers)}
            yield from _asked(made, item, part, sorted(runs))


def choices(
    question: Json, options: Counted, rng: np.random.Generator
) -> Iterator[tuple[str, str, str]]:
    """Ask how many chose each option of a question."""
    linked = [told[0] for told in options.told] + options.asked
    alone = [bool(option.get("exclusive")) for option in question["options"]]
    for part in components(options.size, linked):
        made = Programme()
        _unknowns(made, options, part)
        for group in part:
            n, every = options.size[group], range(options.answers)
            if question["type"] == "single":
                made.bound({(options.name, group, o): 1.0 for o in every}, n, n)
                continue
            # everybody ticked something; who ticked an excluding option ticked nothing else
            made.bound({(options.name, group, o): 1.0 for o in every}, n, n * len(alone))
            excluding = {(options.name, group, o): 1.0 for o in every if alone[o]}
            for o in every:
                made.bound({**excluding, (options.name, group, o): 1.0}, 0, n)
        made.seed(rng, 2)
        yield from _asked(made, options, part, [(o, o + 1) for o in range(options.answers)])


def _unknowns(made: Programme, item: Counted, part: set[str]) -> None:
    for group in part:
        for place in range(item.answers):
            made.unknown((item.name, group, place), 0, item.size[group])
    for groups, low, high, least, most in item.told:
        if part.issuperset(groups):
            terms = {(item.name, g, p): 1.0 for g in groups for p in range(low, high)}
            made.bound(terms, least, most)


def _mean(made: Programme, items: Sequence[Counted], group: str, mean: Mean) -> None:
    slack = ("slack", group)
    made.unknown(slack, *mean.slack, whole=False)
    weights = {
        (item.name, group, p): 100.0 * p / (item.answers - 1)
        for item in items
        for p in range(1, item.answers)
    }
    terms: dict[object, float] = {key: w / len(items) for key, w in weights.items()}
    made.bound({**terms, slack: -1.0}, *mean.total)
    if mean.squares is not None:
        made.bound({key: w * w for key, w in weights.items()}, *mean.squares)


def _asked(
    made: Programme, item: Counted, part: set[str], runs: Sequence[Span]
) -> Iterator[tuple[str, str, str]]:
    """What is known of the counts of those who are printed together, and of every group."""
    together = {tuple(sorted(groups)) for groups in item.asked if part.issuperset(groups)}
    together |= {(group,) for group in part}
    for groups in sorted(together):
        size = sum(item.size[group] for group in groups)
        if size < 2:
            continue
        for low, high in runs:
            terms = {(item.name, g, p): 1.0 for g in groups for p in range(low, high)}
            where = "+".join(groups)
            what = f"answers {low + 1} to {high}"
            if found := told_apart(made, terms, size):
                yield where, item.name, f"{what}: {found}"
            elif size < 10 and (count := exactly(made, terms)) is not None:
                yield where, item.name, f"{what}: {count} of {size}"
