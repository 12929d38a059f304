"""Somebody who reads everything that is published, and does arithmetic.

Independent of the product: imports nothing of it, knows its documents as JSON and its rules as a
reader of its source does (``knowledge``). He knows who answered, and even who skipped what, but
not how; besides, his own answers, and those that colleagues told him. *Found* is, by the promise
of docs/anonymity.md:

P1  a figure of fewer than k people (k less those whose answers he knows): their mean confined to
    less than 50 of 100 points; a single one's of any group; a share, a count or a pool of texts of
    fewer than ten.
P2  how many chose an answer, when "none" is told apart from one or two, or "all" from all but one
    or two.
P3  how many left something out, when that is printed; of the one who did, the mean of what he
    answered elsewhere, confined to less than 50 points.
x   numbers that contradict each other, that no rule gives, or that say of whom they are.

Not counted, as anonymity.md says: what ``judge`` leaves open; how many answered, from k on; and how
many left out a sub-goal or an item where the fractions tell it (of six people an index of 73 is
that of five).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tests.leaks import gaps, inside
from tests.leaks.judge import left_open, without_own
from tests.leaks.knowledge import (
    Group,
    Program,
    Roll,
    clamps,
    has_item,
    has_score,
    own_spread,
)
from tests.leaks.reading import Json, Wave
from tests.leaks.shares import categories_of, counts_of
from tests.leaks.sums import Contradiction, Fitting, ends, fitting, members, numbers, span

OPEN = 50.0
CLOSE = 0.01
"""Less than any two sums of scores lie apart."""
UNTOLD = "untold"
"""The index stands nowhere alone, so that nobody says whether it lies beyond a clamp."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something found: in which wave, against which promise, of whom, in what, and what."""

    wave: int
    promise: str
    group: str
    statistic: str
    what: str


def attack(wave: Wave, program: Program | None = None, seed: int = 0) -> list[Finding]:
    """Everything that is found in a wave."""
    return sorted(set(_Attack(wave, program or Program(), seed).run()))


class _Attack:
    def __init__(self, wave: Wave, program: Program, seed: int) -> None:
        self.wave, self.program = wave, program
        self.roll = Roll(wave, program)
        self.rng = np.random.default_rng(seed)

    def run(self) -> Iterator[Finding]:
        """Ask everything."""
        yield from self._sizes()
        yield from self._texts()
        for dimension in self.wave.dimensions:
            yield from self._or_contradiction(dimension["id"], self._dimension(dimension))
        for question in self.wave.questions:
            if question["type"] in ("single", "multiple"):
                yield from self._or_contradiction(question["id"], self._question(question))
        for promise, group, statistic, what in gaps.gaps(self.wave, self.roll):
            yield self._found(promise, group, statistic, what)

    def _found(self, promise: str, group: str, statistic: str, what: str) -> Finding:
        return Finding(self.wave.ordinal, promise, group, statistic, what)

    def _or_contradiction(self, name: str, asked: Iterator[Finding]) -> Iterator[Finding]:
        try:
            yield from asked
        except Contradiction as wrong:
            yield self._found("x", "", name, str(wrong))

    # ---------------------------------------------------------------- how many, where

    def _sizes(self) -> Iterator[Finding]:
        """Numbers of answers: those of the rules, and none of fewer than k people."""
        for code in self.wave.parent:
            unit, n = self.wave.units[code], self.roll.n(code)
            if (self.wave.answered(code) or 0) != n:
                yield self._found("x", code, "n", f"{self.wave.answered(code)}, and not {n}")
            own = self.roll.size.get(code, 0) if code in self.wave.parent.values() else 0
            others = unit.get("others")
            if (others["answered"] if others else 0) != own:
                yield self._found("x", f"{code} others", "n", f"{others}, and not {own}")
            if 0 < n < self.wave.k or 0 < own < self.wave.k:
                yield self._found("P1", code, "n", "of fewer than k people")
        for i, person in enumerate(self.wave.people):
            at_top = self.wave.parent[person.place] is None
            if person.leader and self.roll.label[i] == person.place and not at_top:
                yield self._found("x", person.place, "n", "counts its own leader")

    def _texts(self) -> Iterator[Finding]:
        pools, _ = self.roll.groups(
            lambda _: True, self.roll.labels, max(self.roll.least, self.program.texts_from)
        )
        for code in self.wave.parent:
            told = self.wave.units[code].get("texts_of")
            if told is not None and told < 10:
                yield self._found("P1", code, "texts", f"of {told} people")
            if told != (pools[code].size if code in pools else None):
                yield self._found("x", code, "texts", f"of {told} people")

    # ---------------------------------------------------------------- a sub-goal

    def _dimension(self, dimension: Json) -> Iterator[Finding]:
        name, alone = dimension["id"], len(dimension["items"]) == 1
        least = self.program.shares_from if alone else 0
        if self.wave.options(dimension) == 2:
            least = self.program.two_steps_from
        least = max(self.roll.least, least)
        groups, home = self.roll.groups(has_score(dimension), self.roll.labels, least)
        weight = dict.fromkeys(groups, 0)
        for node, size in self.roll.size.items():
            if node in home:
                weight[home[node]] += size
        values, beyond = self._values(name, groups, weight, alone=alone)
        totals = {}
        for node, group in groups.items():
            bound = beyond.get(node, UNTOLD)
            totals[node] = self._total(group, ends(values.own[node]), bound, alone=alone)
            yield from self._mean(group, name, totals[node])
        places = {i: home.get(label, "") for i, label in enumerate(self.roll.label)}
        yield from self._answers(dimension, groups, places, totals)

    def _values(
        self, name: str, groups: Mapping[str, Group], weight: Mapping[str, int], *, alone: bool
    ) -> tuple[Fitting, dict[str, str | None]]:
        """Which whole points each group's mean may have, and which lie beyond a clamp."""
        own: dict[str, int] = {}
        told: dict[str, int] = {}
        beyond: dict[str, str | None] = {}
        for node, group in groups.items():
            low, high = clamps(self.program, group.size, alone=alone)
            own[node] = numbers(weight[node] * value for value in range(low, high + 1))
        for code, others, score in self.wave.scores(name):
            nodes = [code] if others else self.roll.below(code, groups)
            whole = sum(weight[node] for node in nodes if node in weight)
            window = _window(score["index"], whole)
            if others:
                if code not in own:
                    raise Contradiction(f"others of {code} have an index and are no group")
                own[code] &= window
            else:
                told[code] = told.get(code, -1) & window
            if len(nodes) == 1:
                beyond[nodes[0]] = score.get("bound")
        found = fitting(self.wave.parent, own, told)
        points = {
            node: numbers(total // weight[node] for total in members(found.own[node]))
            if weight[node]
            else span(*clamps(self.program, groups[node].size, alone=alone))
            for node in groups
        }
        return Fitting(points, found.whole), beyond

    def _total(
        self, group: Group, points: tuple[int, int], bound: str | None, *, alone: bool
    ) -> tuple[float, float]:
        """Least and greatest sum of scores of a group whose index is one of these points."""
        low, high = clamps(self.program, group.size, alone=alone)
        least, most = group.size * (points[0] - 0.5), group.size * (points[1] + 0.5) - CLOSE
        if bound is None:  # he is told that the mean lies at no clamp, and beyond none
            least = max(least, group.size * low + CLOSE if low else 0.0)
            most = min(most, group.size * high - CLOSE if high < 100 else 100.0 * group.size)
        if bound == "at_least":
            least = group.size * high
        if bound == "at_most":
            most = group.size * low
        if bound == "at_least" or (bound == UNTOLD and points[1] == high):
            most = 100.0 * group.size
        if bound == "at_most" or (bound == UNTOLD and points[0] == low):
            least = 0.0
        return least, most

    def _mean(self, group: Group, name: str, total: tuple[float, float]) -> Iterator[Finding]:
        """P1: of whom is this the mean, and what does it tell of one of them?"""
        known = len(set(group.people) & set(self.wave.known))
        low, high = (end / group.size for end in total)
        few = group.size - known < self.wave.k - len(self.wave.known)
        if few and high - low < OPEN:
            what = f"{group.size} people have {low:.0f} to {high:.0f}"
            yield self._found("P1", group.node, name, what)
        if known:  # what he can do with his own answer is said in docs/anonymity.md
            return
        least = max(0.0, total[0] - 100.0 * (group.size - 1))
        most = min(100.0, total[1])
        if most - least < OPEN - 0.6:  # the index is rounded to whole points
            what = f"each of {group.size} has {least:.0f} to {most:.0f}"
            yield self._found("P1", group.node, name, what)

    def _answers(
        self,
        dimension: Json,
        groups: Mapping[str, Group],
        places: Mapping[int, str],
        totals: Mapping[str, tuple[float, float]],
    ) -> Iterator[Finding]:
        """P2, from everything that is printed of the sub-goal and its items."""
        counted = []
        for item in dimension["items"]:
            made, found = self._item(dimension, item, groups, places)
            yield from found
            counted.append(made)
        means = {
            node: inside.Mean(
                totals[node],
                self._slack(dimension, node, group, places),
                group.size,
                self._squares(dimension, group, totals[node]),
            )
            for node, group in groups.items()
        }
        for where, name, what in inside.ratings(counted, means, self.rng):
            if not left_open(self.roll, dimension, name, where.split("+"), counted, places):
                yield self._found("P2", where, name, what)
        if len(counted) == 1:
            for group in groups.values():
                for where, name, what in without_own(
                    self.roll, dimension, group, totals[group.node], self.rng
                ):
                    yield self._found("P2", where, name, what)

    def _item(
        self,
        dimension: Json,
        item: Json,
        groups: Mapping[str, Group],
        places: Mapping[int, str],
    ) -> tuple[inside.Counted, list[Finding]]:
        """How many of each group answered an item, and what is told of them."""
        name, answers = item["id"], self.wave.options(dimension)
        alone, who = len(dimension["items"]) == 1, has_item(item["id"])
        least = self.program.alone_from if alone else self.program.shares_from
        shared, home = self.roll.groups(who, places, max(self.roll.least, least))
        size = dict.fromkeys(groups, 0)
        for i, node in places.items():
            if node and who(self.wave.people[i]):
                size[node] += 1
        members_of = {g: tuple(n for n in groups if home.get(n) == g and size[n]) for g in shared}
        made = inside.Counted(name, answers, size, asked=list(members_of.values()))
        printed = {
            code: result["favourable"]
            for code, result in self.wave.items(name)
            if result.get("favourable")
        }
        findings = self._small(name, shared, printed)
        upper = (answers - answers // 2, answers)
        fine = self.program.fine_items_from
        for node, (low, high) in counts_of(self.roll, shared, printed, fine).items():
            made.told.append((members_of[node], *upper, low, high))
        rows = {
            code: [each["share"] for each in result["categories"]]
            for code, result in self.wave.items(name)
            if result.get("categories")
        }
        if item.get("reverse"):
            rows = {code: row[::-1] for code, row in rows.items()}
        for nodes, place, low, high in categories_of(self.roll, shared, answers, rows, alone=alone):
            together = tuple(n for node in nodes for n in members_of[node])
            made.told.append((together, place, place + 1, low, high))
            made.asked.append(together)
        said = {c: r["not_applicable"] for c, r in self.wave.items(name) if r.get("not_applicable")}
        findings += self._missing(name, said)
        return made, findings

    def _small(
        self, name: str, shared: Mapping[str, Group], printed: Mapping[str, Json]
    ) -> list[Finding]:
        """P1: a share of fewer than ten people."""
        codes = {node for code in printed for node in self.roll.below(code, shared)}
        return [
            self._found("P1", node, name, f"a share of {shared[node].size} people")
            for node in sorted(codes)
            if shared[node].size < 10
        ]

    def _missing(self, name: str, printed: Mapping[str, Json]) -> list[Finding]:
        """P2 of those who said "vet ikke"."""
        shown, _ = self.roll.groups(
            lambda _: True, self.roll.labels, max(self.roll.least, self.program.shares_from)
        )
        if not printed:
            return []
        found, fine = [], self.program.fine_from
        for node, (low, high) in counts_of(self.roll, shown, printed, fine).items():
            if high == 0 or (low, high) in ((1, 1), (1, 2), (2, 2)):
                what = f"{low} to {high} of {shown[node].size} do not know"
                found.append(self._found("P2", node, f"missing {name}", what))
        return found

    def _slack(
        self, dimension: Json, node: str, group: Group, places: Mapping[int, str]
    ) -> tuple[float, float]:
        """By how much the items' answers may sum to more than the scores do."""
        scored, every = set(group.people), len(dimension["items"])
        low = high = 0.0
        for i, at in places.items():
            person = self.wave.people[i]
            given = sum(has_item(item["id"])(person) for item in dimension["items"])
            if at != node or (given in (0, every) and i in scored):
                continue
            if i in scored:  # each of his answers weighs more in his mean
                low -= 100.0 * (1 - given / every)
            else:
                high += 100.0 * given / every
        return low, high

    def _squares(
        self, dimension: Json, group: Group, total: tuple[float, float]
    ) -> tuple[float, float] | None:
        """Sum of squares of a group's scores, where its interval is its own and not the rule's."""
        unit = self.wave.units.get(group.node)
        if unit is None or len(dimension["items"]) > 1 or self.roll.n(group.node) != group.size:
            return None
        (score,) = [d["score"] for d in unit["dimensions"] if d["id"] == dimension["id"]]
        spread = own_spread(self.wave, dimension["id"], unit, score)
        if spread is None:
            return None
        n, sums = group.size, [end * end / group.size for end in total]
        return (n - 1) * spread[0] ** 2 + min(sums), (n - 1) * spread[1] ** 2 + max(sums)

    # ---------------------------------------------------------------- a question

    def _question(self, question: Json) -> Iterator[Finding]:
        name, options = question["id"], [option["id"] for option in question["options"]]
        groups, _ = self.roll.groups(
            lambda person: name in person.questions,
            self.roll.labels,
            max(self.roll.least, self.program.shares_from),
        )
        size = {node: group.size for node, group in groups.items()}
        made = inside.Counted(name, len(options), size)
        excluding = {o["id"] for o in question["options"] if o.get("exclusive")}
        for place, option in enumerate(options):
            printed = {
                code: result["options"][place]["share"]
                for code, result in self.wave.choices(name)
                if result["options"][place].get("share")
            }
            if question["type"] == "single" or option in excluding:
                rows = {code: [share] for code, share in printed.items()}
                for nodes, _, low, high in categories_of(self.roll, groups, 1, rows):
                    made.told.append((nodes, place, place + 1, low, high))
                    made.asked.append(nodes)
                continue
            yield from self._small(name, groups, printed)
            told = counts_of(self.roll, groups, printed, self.program.fine_from)
            for node, (low, high) in told.items():
                made.told.append(((node,), place, place + 1, low, high))
        for group, _, what in inside.choices(question, made, self.rng):
            yield self._found("P2", group, name, what)


def _window(index: int, weight: int) -> int:
    """Weighted sums whose mean is printed as this index."""
    low = math.ceil(Fraction(2 * index - 1, 2) * weight)
    return span(low, math.ceil(Fraction(2 * index + 1, 2) * weight) - 1)
