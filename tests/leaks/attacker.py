"""Somebody who reads everything that is published, and does arithmetic.

Independent of the product: imports nothing of it, knows its documents only as JSON and its rules
only from the printed method. Every printed number becomes an equation or a bound over hidden whole
numbers (how many of each unit's own staff chose each answer) and over sums of scores; integer
programmes (HiGHS) then ask how far each hidden group's numbers may lie apart.

The attacker is supposed to know who answered, and who skipped which question, but not how; and one
colleague's own answers wholly. *Exposed* is, of the groups of sheets that a label keeps together
(a unit's own staff; all unions and differences of them that cells form, and pairs):

(a) a number of answers from 1 to k-1 that no output prints and that only one number fits; and the
    spread of fewer than ten people, when intervals of cells can be subtracted down to it;
(b) the mean of fewer than k people, when it is confined to less than 50 of 100 points;
(c) how many of at least two people chose an answer or a side, when at most two numbers fit.

Not counted, because one's own answer yields it whatever is hidden: whoever takes himself out of a
group that is printed, or out of a hidden group of k people or more, is left with what the table of
tiers lets a group tell that is one smaller. Not counted as (c): what the table of tiers would let
a group of that size tell (sides from ten answers, options from twenty, no count of 1 or 2); groups
that differ from a told one by people who are open wholly; and of more than twenty people anything
but the exact number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.leaks.knowledge import Knowledge
from tests.leaks.programme import Programme, counts_of
from tests.leaks.reading import ME, Json, Wave

OPEN = 50.0
FEW = 20


@dataclass(frozen=True, order=True)
class Finding:
    """Something exposed: in which wave, of whom, by which criterion, what."""

    wave: int
    criterion: str
    group: str
    statistic: str
    what: str


def attack(wave: Wave, seed: int = 0, *, joint: bool = True) -> list[Finding]:
    """Everything that is exposed of a wave. Without ``joint`` a dimension of several items is not
    taken as the mean of their distributions."""
    attacker = _Attack(wave, seed)
    attacker.joint = joint
    return sorted(set(attacker.run()))


def findings(wave: Wave, seed: int = 0) -> Iterator[Finding]:
    """The same one by one, for whom the first is enough."""
    return _Attack(wave, seed).run()


class _Attack(Knowledge):
    """Asks everything of everybody."""

    joint = True

    def run(self) -> Iterator[Finding]:
        yield from self._numbers()
        for dimension in self.dimensions:
            yield from self._dimension(dimension)
        yield from self._overall()
        for question in self.wave.instrument["questions"]:
            if question["type"] == "multiple":
                yield from self._multiple(question)
            elif question["type"] == "single" and question.get("purpose") != "role":
                yield from self._single(question)

    def _found(self, criterion: str, group: str, statistic: str, what: str) -> Finding:
        return Finding(self.wave.ordinal, criterion, group, statistic, what)

    # (a) who answered, from the release alone

    def _numbers(self) -> Iterator[Finding]:
        """Here the attacker does not know who answered."""
        made = Programme()
        for atom in self.wave.atoms:
            if atom != ME:
                made.unknown(atom, 0, 10_000)
        printed = set()
        for cell, page in self._pages():
            n = page["participation"]["answered"]
            if n is not None:
                made.bound(dict.fromkeys(cell - {ME}, 1.0), n, n)
                printed.add(cell - {ME})
        for group, name in self.groups.items():
            n = self.wave.size(group | ({ME} & self._around(group)))
            if group in printed or not 0 < n < self.wave.k:
                continue
            ends = made.apart(dict.fromkeys(group, 1.0), 1)
            if ends is not None:
                yield self._found("a", name, "n", f"is {ends[0]:.0f}")

    # ratings

    def _rated(self, made: Programme, dimension: str) -> None:
        """Unknown counts of every item's categories, and sums of the dimension's scores."""
        for item in self.dimensions[dimension]["items"]:
            self._counted(made, "item", item["id"], self._options(dimension))
        self._sums(made, dimension)
        whole = self._options(dimension) - 1
        items = [item["id"] for item in self.dimensions[dimension]["items"]]
        if len(items) > 1 and not self.joint:
            return
        for atom in self.wave.atoms:
            n = self.wave.size({atom})
            if any(self.wave.size({atom}, "item", item) < n for item in items):
                continue
            terms: dict[Any, float] = {("sum", dimension, atom): -1.0}
            for item in items:
                for place in range(1, whole + 1):
                    terms[item, atom, place] = 100.0 * place / whole / len(items)
            made.bound(terms, 0.0, 0.0)

    def _counted(self, made: Programme, knows: str, name: str, options: int) -> None:
        for atom in self.wave.atoms:
            n = self.wave.size({atom}, knows, name)
            for place in range(options):
                made.unknown((name, atom, place), 0, n)
            made.bound({(name, atom, place): 1.0 for place in range(options)}, n, n)
        if self.wave.me is not None:
            self._own(made, knows, name, options)

    def _own(self, made: Programme, knows: str, name: str, options: int) -> None:
        """The colleague's answer is known."""
        assert self.wave.me is not None
        if knows == "question":
            order = self._order(name)
            if name in self.wave.me.questions:
                place = order.index(self.wave.me.questions[name])
                made.bound({(name, ME, place): 1.0}, 1, 1)
        elif isinstance(self.wave.me.items.get(name), int):
            made.bound({(name, ME, self._position(name, self.wave.me.items[name])): 1.0}, 1, 1)

    def _sums(self, made: Programme, index: str) -> None:
        """Unknown sums of scores, and every mention of their means."""
        knows = "overall" if index == "overall" else "dimension"
        for atom in self.wave.atoms:
            n = self.wave.size({atom}, knows, index)
            made.unknown(("sum", index, atom), 0.0, 100.0 * n, whole=False)
        if self.wave.me is not None and self.wave.size({ME}, knows, index):
            own = self._own_score(index)
            made.bound({("sum", index, ME): 1.0}, own, own)
        for number, (cell, kind, score) in enumerate(self.wave.mentions):
            if kind == f"index {index}":
                self._mention(made, index, cell, score, number)

    def _mention(self, made: Programme, index: str, cell: str, score: Json, number: int) -> None:
        value, n = score["index"], score["n"]
        terms: dict[Any, float] = {("sum", index, a): 1.0 for a in self.wave.cells[cell]}
        if score["bound"] == "at_least":
            made.bound(terms, value * n, 100.0 * n)
            return
        if score["bound"] == "at_most":
            made.bound(terms, 0.0, value * n)
            return
        made.bound(terms, (value - 0.5) * n, (value + 0.5) * n)
        if score["interval"] is not None:  # its ends tell the mean again, each rounded by itself
            half = ("half", cell, index, number)
            made.unknown(half, 0.0, 100.0 * n, whole=False)
            low, high = score["interval"]["low"], score["interval"]["high"]
            least = -math.inf if low == 0 else (low - 0.5) * n
            most = math.inf if high == 100 else (high + 0.5) * n
            made.bound({**terms, half: -1.0}, least, (low + 0.5) * n)
            made.bound({**terms, half: 1.0}, (high - 0.5) * n, most)

    def _dimension(self, dimension: str) -> Iterator[Finding]:
        made = Programme()
        self._rated(made, dimension)
        items = {item["id"]: item for item in self.dimensions[dimension]["items"]}
        told: dict[str, set[tuple[frozenset[str], int, int]]] = {item: set() for item in items}
        for cell, page in self._pages():
            (result,) = [d for d in page["dimensions"] if d["id"] == dimension]
            for item in result["items"]:
                told[item["id"]] |= self._item(made, cell, item, self._options(dimension))
            self._pooled(made, cell, result, list(items))
        made.seed(self.rng, 6)
        yield from self._means(made, dimension, "dimension")
        options = self._options(dimension)
        for item in items:
            yield from self._counts(made, "item", item, options, told[item], scale=True)
        self.solved += made.solved

    def _item(
        self, made: Programme, cell: frozenset[str], item: Json, options: int
    ) -> set[tuple[frozenset[str], int, int]]:
        """Bounds from an item's shares, distribution and index; returns what is told outright."""
        name, n = item["id"], item["score"]["n"]
        told: set[tuple[frozenset[str], int, int]] = set()
        if n is None:
            return told
        for (low, high), percent, nearly in self._printed(item, options):
            terms = {(name, a, p): 1.0 for a in cell for p in range(low, high)}
            least, most = (n - 1, n) if nearly else counts_of(percent, n)
            made.bound(terms, least, most)
            runs = [(low, high)]
            if nearly:  # said on purpose: hardly anybody chose anything else
                runs = [(p, q) for p in range(options) for q in range(p + 1, options + 1)]
            elif most == 0:  # whom nobody chose, nobody chose any part of
                runs = [(p, q) for p in range(low, high) for q in range(p + 1, high + 1)]
            told |= {(self._some(cell, "item", name), *run) for run in runs}
        if item["score"]["index"] is not None:
            value, top = item["score"]["index"], options - 1
            terms = {(name, a, p): 100.0 * p / top for a in cell for p in range(options)}
            made.bound(terms, (value - 0.5) * n, (value + 0.5) * n)
        return told

    def _printed(self, item: Json, options: int) -> Iterator[tuple[tuple[int, int], int, bool]]:
        """((first, last + 1 option in the order of scores), per cent, "at least 90 %")."""
        shares = item["shares"]
        if shares is not None:
            for side, run in self._sides(options).items():
                if shares[side] is not None and run[0] < run[1]:
                    yield run, shares[side], shares["at_least"] == side
        for category in item["distribution"] or ():
            places = sorted(self._position(item["id"], value) for value in category["values"])
            if category["percent"] is not None:
                run = (places[0], places[-1] + 1)
                yield run, category["percent"], category["at_least"]

    def _pooled(
        self, made: Programme, cell: frozenset[str], result: Json, items: Sequence[str]
    ) -> None:
        if result["shares"] is None:
            return
        options = self._options(result["id"])
        n = sum(item["score"]["n"] for item in result["items"])
        for side, (low, high) in self._sides(options).items():
            least, most = counts_of(result["shares"][side], n)
            terms = {(item, a, p): 1.0 for item in items for a in cell for p in range(low, high)}
            made.bound(terms, least, most)

    def _overall(self) -> Iterator[Finding]:
        """Overall is the mean of its dimensions, and each the mean of its items."""
        made = Programme()
        for dimension in self.inside:
            self._sums(made, dimension)
        self._sums(made, "overall")
        for atom in self.wave.atoms:
            n = self.wave.size({atom})
            if all(self.wave.size({atom}, "dimension", d) == n for d in self.inside):
                terms: dict[Any, float] = {("sum", "overall", atom): -1.0}
                terms |= {("sum", d, atom): 1.0 / len(self.inside) for d in self.inside}
                made.bound(terms, 0.0, 0.0)
        made.seed(self.rng, 4)
        for index in ("overall", *self.inside):
            knows = "overall" if index == "overall" else "dimension"
            yield from self._means(made, index, knows)
            yield from self._spreads(index, knows)

    # questions

    def _single(self, question: Json) -> Iterator[Finding]:
        name, options = question["id"], len(question["options"])
        order = self._order(name)
        made = Programme()
        self._counted(made, "question", name, options)
        told: set[tuple[frozenset[str], int, int]] = set()
        for cell, page in self._pages():
            some = self._some(cell, "question", name)
            for result in page["questions"]:
                if result["id"] != name or result["n"] is None:
                    continue
                for option in result["options"]:
                    if option["percent"] is None:
                        continue
                    place, n = order.index(option["id"]), result["n"]
                    if option["at_least"]:
                        least, most = n - 1, n
                    else:
                        least, most = counts_of(option["percent"], n)
                    if option["at_least"]:
                        told |= {(some, p, p + 1) for p in range(options)}
                    made.bound({(name, a, place): 1.0 for a in cell}, least, most)
                    told.add((some, place, place + 1))
        made.seed(self.rng, 4)
        yield from self._counts(made, "question", name, options, told, scale=options <= 3)

    def _multiple(self, question: Json) -> Iterator[Finding]:
        name = question["id"]
        order = self._order(name)
        made = Programme()
        for atom in self.wave.atoms:
            n = self.wave.size({atom}, "question", name)
            for place in range(len(order)):
                made.unknown((name, atom, place), 0, n)
            made.bound({(name, atom, place): 1.0 for place in range(len(order))}, n, math.inf)
        if self.wave.me is not None and name in self.wave.me.questions:
            for place, option in enumerate(order):
                own = float(option in self.wave.me.questions[name])
                made.bound({(name, ME, place): 1.0}, own, own)
        told: set[tuple[frozenset[str], int, int]] = set()
        for cell, page in self._pages():
            some = self._some(cell, "question", name)
            for result in page["questions"]:
                if result["id"] != name or result["n"] is None:
                    continue
                for place, option in enumerate(result["options"]):
                    if option["percent"] is None:
                        continue
                    n = result["n"]
                    least, most = 0, 1
                    if option["at_least"]:
                        least, most = n - 1, n
                    elif not option["at_most"]:
                        least, most = counts_of(option["percent"], n)
                    made.bound({(name, a, place): 1.0 for a in cell}, least, most)
                    told.add((some, place, place + 1))
        made.seed(self.rng, 4)
        yield from self._counts(made, "question", name, len(order), told, scale=True)

    # what is asked of every programme

    def _means(self, made: Programme, index: str, knows: str) -> Iterator[Finding]:
        """(b): the mean of fewer than k people."""
        told = {
            self._some(self.wave.cells[cell], knows, index)
            for cell, kind, _ in self.wave.mentions
            if kind == f"index {index}"
        }
        for group, name in self.groups.items():
            n = self.wave.size(group, knows, index)
            some = self._some(group, knows, index)
            if some in told or not 0 < n < self._least(group):
                continue
            ends = made.apart({("sum", index, a): 1.0 for a in group}, OPEN * n)
            if ends is not None:
                what = f"{n} people have {ends[0] / n:.0f} to {ends[1] / n:.0f}"
                yield self._found("b", name, f"index {index}", what)

    def _spreads(self, index: str, knows: str) -> Iterator[Finding]:
        """(a): intervals of cells whose squares can be subtracted down to fewer than ten people."""
        atoms = [a for a in self.wave.atoms if a != ME and self.wave.size({a}, knows, index)]
        told = [
            [float(atom in self.wave.cells[cell]) for atom in atoms]
            for cell, kind, score in self.wave.mentions
            if kind == f"index {index}" and score["interval"] is not None
        ]
        for group, name in self._groups_of(knows, index) if told else ():
            n = self.wave.size(group, knows, index)
            if not 0 < n < 10 - (self.slack if self.home & group else 0):
                continue
            wanted = np.array([float(atom in group) for atom in atoms])
            factors = np.linalg.lstsq(np.array(told).T, wanted)[0]
            if np.abs(np.array(told).T @ factors - wanted).max() < 1e-9:
                yield self._found("a", name, f"sd {index}", f"of {n} people")

    def _counts(
        self,
        made: Programme,
        knows: str,
        name: str,
        options: int,
        told: set[tuple[frozenset[str], int, int]],
        *,
        scale: bool,
    ) -> Iterator[Finding]:
        """(c): how many chose an option, or a side of a scale."""
        runs = {(p, p + 1): scale and options <= 3 for p in range(options)}
        if knows == "item":
            runs |= {run: True for run in self._sides(options).values() if run[0] < run[1]}
        for group, label in self._groups_of(knows, name):
            n = self.wave.size(group, knows, name)
            if n < 2:
                continue
            for (low, high), side in runs.items():
                if (group, low, high) in told:
                    continue
                ends = made.apart({(name, a, p): 1.0 for a in group for p in range(low, high)}, 2)
                if ends is None:
                    continue
                least, most = math.ceil(ends[0] - 1e-4), math.floor(ends[1] + 1e-4)
                if self._may_tell(n, self._truth(group, knows, name, low, high), side):
                    continue
                if n > FEW and least < most:
                    continue
                if self._open_wholly(group, knows, name, told, (low, high), most - least):
                    continue
                what = f"options {low + 1} to {high}: {least} to {most} of {n}"
                yield self._found("c", label, f"{knows} {name}", what)
