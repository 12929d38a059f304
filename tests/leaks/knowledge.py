"""What the attacker knows without any equation: the program, who answered, who skipped what.

He reads the program's source, so he knows who is counted with whom; what it does he does again
here with a pencil, from docs/anonymity.md and not with the program's own code.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.leaks.reading import Answered, Json, Wave


@dataclass(frozen=True)
class Program:
    """The rules, as the source has them. Where a test takes a protection away, the attacker reads
    the source without it."""

    least: int | None = None
    """People behind an index; None for the study's k."""
    two_steps_from: int = 100
    """Behind the index of a scale of two steps, which is its distribution."""
    shares_from: int = 10
    alone_from: int = 300
    """Behind shares and categories of an item that is alone in its sub-goal."""
    categories_from: int = 100
    fine_from: int = 100
    """Behind a share in whole per cent."""
    fine_items_from: int = 300
    texts_from: int = 10
    rounds: bool = True
    clamps: bool = True
    joins: bool = True
    lifts: bool = True
    overall: str = "printed"
    """Of what the overall index is the mean: of "printed" indices, or of "people"."""


# --- who is counted with whom ------------------------------------------------------------------


def path(parent: Mapping[str, str | None], node: str) -> list[str]:
    """The node, and everything above it."""
    found: list[str] = []
    at: str | None = node
    while at is not None:
        found.append(at)
        at = parent[at]
    return found


def grouped(
    parent: Mapping[str, str | None], counts: Mapping[str, int], least: int, *, joins: bool = True
) -> dict[str, str]:
    """Node → the node where its people are counted; those in no block are missing."""
    height = {node: len(path(parent, node)) for node in parent}
    deepest = sorted(parent, key=lambda node: -height[node])
    root = deepest[-1]
    inner = set(parent.values())
    pool = {node: counts.get(node, 0) for node in parent}
    blocks: dict[str, int] = {}
    for node in deepest:
        if pool[node] >= least:
            blocks[node] = pool[node]
        elif parent[node] is not None:
            pool[str(parent[node])] += pool[node]
    at = {node: node for node in blocks}
    if 0 < pool[root] < least:
        spare = [
            node
            for node in blocks
            if node in inner and any(node in path(parent, b)[1:] for b in blocks)
        ]
        if not joins:
            at[root] = root
        elif spare:
            at[min(spare, key=lambda node: (blocks[node], node))] = root
            at[root] = root
    found = {}
    for node in parent:
        nearest = next((up for up in path(parent, node) if up in at), None)
        if nearest is not None:
            found[node] = at[nearest]
    return found


def lifted(parent: Mapping[str, str | None], leaders: Mapping[str, int], k: int) -> dict[str, str]:
    """Unit → where its leaders' answers are counted: the nearest unit above with k leaders."""
    total = Counter(dict.fromkeys(parent, 0))
    for node, count in leaders.items():
        for up in path(parent, node):
            total[up] += count
    found = {}
    for node in parent:
        above = path(parent, node)[1:] or [node]
        found[node] = next((up for up in above if total[up] >= k), above[-1])
    return found


@dataclass(frozen=True)
class Group:
    """People who are counted together in one statistic, and at which nodes' labels."""

    node: str
    people: tuple[int, ...]

    @property
    def size(self) -> int:
        return len(self.people)


class Roll:
    """Who answered, where everybody is counted, in every statistic."""

    def __init__(self, wave: Wave, program: Program) -> None:
        self.wave, self.program = wave, program
        self.least = program.least or wave.k
        leaders = Counter(p.place for p in wave.people if p.leader)
        up = lifted(wave.parent, leaders, wave.k)
        own = [up[p.place] if p.leader and program.lifts else p.place for p in wave.people]
        home = self._grouped(Counter(own), self.least)
        self.label = [home.get(node, "") for node in own]
        """Of each person, the node of his block of answers; '' for the few in none."""
        self.size = Counter(label for label in self.label if label)

    def _grouped(self, counts: Mapping[str, int], least: int) -> dict[str, str]:
        return grouped(self.wave.parent, counts, least, joins=self.program.joins)

    def n(self, code: str) -> int:
        """Answers that count at a unit."""
        return sum(n for node, n in self.size.items() if code in path(self.wave.parent, node))

    def below(self, code: str, nodes: Iterable[str]) -> list[str]:
        """Those of the nodes that lie at or below a unit."""
        return [node for node in nodes if code in path(self.wave.parent, node)]

    def groups(
        self, who: Callable[[Answered], bool], places: Mapping[int, str], least: int
    ) -> tuple[dict[str, Group], dict[str, str]]:
        """Groups of those ``who`` have a statistic, counted at ``places``, by node; and where
        each node's people are counted."""
        inside = [i for i, node in places.items() if node and who(self.wave.people[i])]
        home = self._grouped(Counter(places[i] for i in inside), least)
        found: dict[str, list[int]] = {}
        for i in inside:
            if places[i] in home:
                found.setdefault(home[places[i]], []).append(i)
        return {node: Group(node, tuple(people)) for node, people in found.items()}, home

    @property
    def labels(self) -> dict[int, str]:
        """Everybody's place in the blocks of answers."""
        return dict(enumerate(self.label))


# --- what somebody left out --------------------------------------------------------------------


def has_item(item: str) -> Callable[[Answered], bool]:
    """Who answered an item, "vet ikke" apart."""
    return lambda person: isinstance(person.items.get(item), int)


def has_score(dimension: Json) -> Callable[[Answered], bool]:
    """Who has a score in a sub-goal: two thirds of its items."""
    items = [item["id"] for item in dimension["items"]]
    enough = math.ceil(Fraction(2 * len(items), 3))
    return lambda person: sum(isinstance(person.items.get(i), int) for i in items) >= enough


# --- what printed numbers mean -----------------------------------------------------------------


def half_up(value: Fraction) -> int:
    """Rounded to the nearest whole number, halves up."""
    return math.floor(value + Fraction(1, 2))


def clamps(program: Program, size: int, *, alone: bool) -> tuple[int, int]:
    """The ends beyond which an index is not told."""
    if not program.clamps:
        return 0, 100
    if alone:
        return (20, 80) if size < 20 else (10, 90) if size < 40 else (5, 95)
    return (10, 90) if size < 20 else (5, 95)


def share_of(count: int, size: int, step: int) -> tuple[int | None, str | None]:
    """How ``count`` of ``size`` is printed: (per cent, form)."""
    if count <= 3:
        return None, "few"
    if size - count <= 3:
        return None, "all_but_few"
    percent = step * half_up(Fraction(100 * count, step * size))
    if percent == 0:
        return step, "below"
    return (100 - step, "above") if percent == 100 else (percent, None)


def category_of(count: int, size: int) -> tuple[int | None, str | None]:
    """How one of all answer categories is printed."""
    if 20 * count < size:
        return 5, "below"
    if 20 * count > 19 * size:
        return 95, "above"
    return 5 * half_up(Fraction(20 * count, size)), None


def rounded_to(program: Program, size: int) -> dict[int, range]:
    """Count as the program keeps it → the counts that it may stand for. One or two became none or
    three, on either side."""
    if not program.rounds:
        return {count: range(count, count + 1) for count in range(size + 1)}
    found = {count: range(count, count + 1) for count in range(3, size - 2)}
    found[0], found[size] = range(3), range(size - 2, size + 1)
    found[3], found[size - 3] = range(1, 4), range(size - 3, size)
    return found


def own_spread(wave: Wave, dimension: str, unit: Json, score: Json) -> tuple[float, float] | None:
    """Least and greatest standard deviation behind an interval that the printed one does not
    give; None where the interval is what the method page says."""
    printed, index = score.get("interval"), score.get("index")
    if printed is None or index is None or score.get("bound"):
        return None
    n, heads = unit["participation"]["answered"], unit["participation"].get("headcount")
    factor = 1.96 / math.sqrt(n) * (math.sqrt(1 - n / heads) if heads and heads > n else 1.0)
    half = factor * wave.header["method"]["dimensions"][dimension]["sigma"]
    low, high = max(0, math.floor(index - half)), min(100, math.ceil(index + half))
    if (printed["low"], printed["high"]) == (low, high):
        return None
    away = [index - printed["low"]] * (printed["low"] > 0)
    away += [printed["high"] - index] * (printed["high"] < 100)
    least = max((each - 1 for each in away), default=0)
    return least / factor, min(away, default=100) / factor
