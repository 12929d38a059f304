"""The auditor: checks a release before it is stored, knowing nothing of how it was made.

It reads what is printed and the blocks behind it, and asks four things. Is everybody in at most one
block of enough people? Is every printed number what the blocks give? Is there any number that is
not one of these? Has every number the form that it must have? Sums and comparisons only, on
purpose; ``docs/anonymity.md`` says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

from survey.disclosure.auditor_functions import wrong_functions
from survey.disclosure.model import (
    ALONE_FROM,
    CATEGORIES_FROM,
    SHARES_FROM,
    Blocks,
    Grouping,
    IndexBlocks,
)
from survey.disclosure.whitelist import unknown_fields

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a release must not have: where it stands and what it is. Names no number."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def audit(header: Plain, units: Sequence[Plain], blocks: Blocks) -> tuple[Finding, ...]:
    """Everything that is wrong with a release; () when nothing is.

    ``header`` and ``units`` are its documents as stored (fields at their defaults left out).
    """
    auditor = _Auditor(header, blocks)
    findings = [*auditor.groupings(), *auditor.values()]
    findings += [
        Finding("header", f"field {name} is not known") for name in unknown_fields(header, "header")
    ]
    for unit in units:
        findings += auditor.unit(unit)
    findings += [Finding(code, what) for code, what in wrong_functions(header, units)]
    return tuple(findings)


class _Auditor:
    def __init__(self, header: Plain, blocks: Blocks) -> None:
        self._blocks = blocks
        self._index = list(header["instrument"]["index"]["dimensions"])
        self._items = {
            item["id"]: item.get("reverse", False)
            for dimension in header["instrument"]["dimensions"]
            for item in dimension["items"]
        }
        dimensions = header["instrument"]["dimensions"]
        scales = header["instrument"]["scales"]
        self._alone = {dimension["id"] for dimension in dimensions if len(dimension["items"]) == 1}
        self._steps = {
            dimension["id"]: _steps(scales[dimension["scale"]]) for dimension in dimensions
        }
        self._parent = {node.id: node.parent for node in blocks.nodes}
        self._inner = {node.parent for node in blocks.nodes}
        self._path = {node.id: [node.id, *self._above(node.id)] for node in blocks.nodes}
        self._subtree: dict[str, list[str]] = {node.id: [] for node in blocks.nodes}
        for node, path in self._path.items():
            for above in path:
                self._subtree[above].append(node)
        self._size = blocks.answers.sizes
        self._weights: dict[str, dict[str, int]] = {}
        for name, index in blocks.indices.items():
            weight = self._weights.setdefault(name, {})
            for node, home in index.grouping.home.items():
                weight[home] = weight.get(home, 0) + self._size.get(node, 0)

    def _above(self, node: str) -> Iterator[str]:
        up = self._parent[node]
        while up is not None:
            yield up
            up = self._parent[up]

    # ---------------------------------------------------------------- who is in which block

    def groupings(self) -> Iterator[Finding]:
        """Check that blocks are disjoint, hold everybody and reach their least size."""
        blocks, k = self._blocks, self._blocks.k
        if k < 5:
            yield Finding("blocks", "k is below five")
        yield from self._grouping("answers", blocks.answers, k)
        yield from self._grouping("texts", blocks.texts, max(k, SHARES_FROM))
        if dict(blocks.texts.counts) != self._size:
            yield Finding("texts", "pools other people than the blocks of answers")
        for name, index in blocks.indices.items():
            least = SHARES_FROM if name in self._alone else k
            least = CATEGORIES_FROM if self._steps[name] == 2 else least
            yield from self._grouping(name, index.grouping, max(k, least))
            for node, count in index.grouping.counts.items():
                if count > self._size.get(node, 0):
                    yield Finding(name, f"more people at {node} than answered there")
        for name, share in blocks.shares.items():
            least = ALONE_FROM if share.index in self._alone else SHARES_FROM
            yield from self._grouping(name, share.grouping, max(k, least))
        for name, category in blocks.categories.items():
            least = ALONE_FROM if category.index in self._alone else CATEGORIES_FROM
            yield from self._grouping(name, category.grouping, max(k, least))

    def _grouping(self, name: str, grouping: Grouping, least: int) -> Iterator[Finding]:
        sizes = grouping.sizes
        if grouping.least < least or any(size < least for size in sizes.values()):
            yield Finding(name, "a block has too few people")
        places, moved = set(grouping.home.values()), set()
        for node, home in grouping.home.items():
            nearest = next((above for above in self._path[node] if above in places), None)
            if home != nearest and self._parent[home] is None:
                moved.add(node)
            elif home != nearest:
                yield Finding(name, f"the people of {node} are not in the nearest block above")
        if moved and not self._took_in_a_few(grouping, moved, least):
            yield Finding(name, "people of a block below are counted at the top")
        outside = sum(n for node, n in grouping.counts.items() if node not in grouping.home)
        if outside >= least:
            yield Finding(name, "people who could be in a block are in none")

    def _took_in_a_few(self, grouping: Grouping, moved: Set[str], least: int) -> bool:
        """Are these nodes the one block that moved to the top, over the blocks of areas between,
        to take in the few who were left there?"""
        ends = [node for node in moved if self._parent[node] not in moved]
        if len(ends) != 1 or ends[0] not in self._inner:
            return False
        people = sum(grouping.counts.get(node, 0) for node in moved)
        [top] = {grouping.home[node] for node in moved}
        spared = any(node in grouping.sizes for node in self._subtree[ends[0]])
        return people >= least and 0 < grouping.sizes[top] - people < least and spared

    def values(self) -> Iterator[Finding]:
        """Check the protected values: clamps, small counts, sums."""
        for name, index in self._blocks.indices.items():
            for node, size in index.grouping.sizes.items():
                if not self._clamped(name, index, node, size):
                    yield Finding(name, f"the block at {node} is not clamped")
        for name, share in self._blocks.shares.items():
            for node, size in share.grouping.sizes.items():
                count = share.counts.get(node, -1)
                if count < 0 or count > size or {count, size - count} & {1, 2}:
                    yield Finding(name, f"the block at {node} tells of one or two")
        for name, category in self._blocks.categories.items():
            for node, size in category.grouping.sizes.items():
                if sum(category.counts.get(node, ())) != size:
                    yield Finding(name, f"the block at {node} does not add up")

    def _clamped(self, name: str, index: IndexBlocks, node: str, size: int) -> bool:
        block = index.values.get(node)
        if block is None:
            return False
        if name in self._alone:
            low, high = (20, 80) if size < 20 else (10, 90) if size < 40 else (5, 95)
        else:
            low, high = (10, 90) if size < 20 else (5, 95)
        if block.bound is None:
            return low <= block.value <= high
        return block.value == (high if block.bound == "at_least" else low)

    # ---------------------------------------------------------------- what is printed

    def unit(self, unit: Plain) -> Iterator[Finding]:
        """Check one unit's document."""
        code = unit["unit"]["code"]
        for name in unknown_fields(unit, "unit"):
            yield Finding(code, f"field {name} is not known")
        if code not in self._parent:
            if unit["participation"].get("answered") is not None:
                yield Finding(code, "a merged unit prints a number")
            return
        for name, printed, wanted in self._pairs(code, unit):
            if printed != wanted:
                yield Finding(code, f"{name} is not what the blocks give")

    def _pairs(self, code: str, unit: Plain) -> Iterator[tuple[str, object, object]]:
        """(what, as printed, as the blocks give it) of every number of a unit."""
        n = sum(self._below(code, self._size).values()) or None
        yield "n", unit["participation"].get("answered"), n
        indices = {name: self._mean(code, name) if n else None for name in self._blocks.indices}
        for dimension in unit["dimensions"]:
            yield dimension["id"], _score(dimension["score"]), indices[dimension["id"]]
            stands = indices[dimension["id"]] is not None
            for item in dimension.get("items", ()):
                yield from self._item(code, item, n if stands else None)
        yield "overall", _score(unit["overall"]), self._overall(indices)
        for question in unit.get("questions", ()):
            yield from self._question(code, question, n)
        others = unit.get("others")
        own = self._size.get(code) if code in self._inner else None
        yield "others", others and others["answered"], own
        if others and own:
            apart = {name: self._mean(code, name, only=code) for name in self._blocks.indices}
            for name, score in others["dimensions"].items():
                yield f"others {name}", _score(score), apart[name]
            yield "others overall", _score(others["overall"]), self._overall(apart)
        yield "texts", unit.get("texts_of"), self._blocks.texts.sizes.get(code)

    def _below(self, code: str, values: Mapping[str, Any], only: str = "") -> dict[str, Any]:
        """Values of the blocks in the subtree of a unit, or of its own block."""
        places = [only] if only else self._subtree[code]
        return {at: values[at] for at in places if at in values}

    def _mean(self, code: str, name: str, only: str = "") -> tuple[int, str | None] | None:
        weight = self._weights[name]
        parts = self._below(code, self._blocks.indices[name].values, only)
        people = sum(weight[at] for at in parts)
        if not people:
            return None
        total = sum(weight[at] * block.value for at, block in parts.items())
        bounds = {block.bound for block in parts.values()}
        bound = bounds.pop() if len(bounds) == 1 else None
        return _half_up(Fraction(total, people)), bound

    def _overall(
        self, indices: Mapping[str, tuple[int, str | None] | None]
    ) -> tuple[int, str | None] | None:
        parts = [indices[name] for name in self._index]
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        bounds = {bound for _, bound in known if bound}
        bound = None if not bounds else bounds.pop() if len(bounds) == 1 else "open"
        return _half_up(Fraction(sum(value for value, _ in known), len(known))), bound

    def _item(self, code: str, item: Plain, n: int | None) -> Iterator[tuple[str, object, object]]:
        name = item["id"]
        yield f"{name} favourable", item.get("favourable"), self._share(code, f"item:{name}", n)
        late = n if n is not None and n >= 100 else None
        missing = self._share(code, f"missing:{name}", late)
        yield f"{name} not applicable", item.get("not_applicable"), missing
        wanted = self._categories(code, f"item:{name}", n)
        if wanted is not None and self._items[name]:
            wanted = wanted[::-1]
        printed = item.get("categories")
        shown = None if printed is None else [category["share"] for category in printed]
        yield f"{name} categories", shown, wanted

    def _question(
        self, code: str, question: Plain, n: int | None
    ) -> Iterator[tuple[str, object, object]]:
        name = question["id"]
        single = self._categories(code, f"question:{name}", n)
        for place, option in enumerate(question.get("options", ())):
            wanted: object = None if single is None else single[place]
            key = f"option:{name}/{option['id']}"
            if key in self._blocks.shares:
                wanted = self._share(code, key, n)
            elif key in self._blocks.categories:
                both = self._categories(code, key, n)
                wanted = None if both is None else both[1]
            yield f"{name}/{option['id']}", option.get("share"), wanted

    def _share(self, code: str, name: str, n: int | None) -> Plain | None:
        if n is None or name not in self._blocks.shares:
            return None
        fine = 300 if name.startswith("item:") else 100
        share = self._blocks.shares[name]
        count = sum(self._below(code, share.counts).values())
        size = sum(self._below(code, share.grouping.sizes).values())
        return _as_share(count, size, 1 if min(n, size) >= fine else 5) if size else None

    def _categories(self, code: str, name: str, n: int | None) -> list[Plain] | None:
        if n is None or n < 100 or name not in self._blocks.categories:
            return None
        parts = self._below(code, self._blocks.categories[name].counts)
        counts = [sum(column) for column in zip(*parts.values(), strict=True)]
        return [_as_category(count, sum(counts)) for count in counts] if sum(counts) else None


def _score(score: Plain) -> tuple[int, str | None] | None:
    return None if score["index"] is None else (score["index"], score.get("bound"))


def _steps(scale: Plain) -> int:
    return int(scale["max"]) - int(scale["min"]) + 1


def _half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def _as_share(count: int, size: int, step: int) -> Plain:
    """How a share of ``count`` of ``size`` stands in a document (defaults left out)."""
    fine = {} if step == 5 else {"step": step}
    if count <= 3:
        return {"percent": None, **fine, "form": "few"}
    if size - count <= 3:
        return {"percent": None, **fine, "form": "all_but_few"}
    percent = step * _half_up(Fraction(100 * count, step * size))
    if percent in (0, 100):
        end = (
            {"percent": step, "form": "below"}
            if not percent
            else {"percent": 100 - step, "form": "above"}
        )
        return {**end, **fine}
    return {"percent": percent, **fine}


def _as_category(count: int, size: int) -> Plain:
    share = Fraction(count, size)
    if share < Fraction(1, 20):
        return {"percent": 5, "form": "below"}
    if share > Fraction(19, 20):
        return {"percent": 95, "form": "above"}
    return {"percent": 5 * _half_up(20 * share)}


def block_lines(blocks: Blocks, names: Mapping[str, str]) -> Iterable[str]:
    """The blocks of answers in words, a line for each area: "Oppvekst, 74: 9 enheter og 14
    andre." """
    parent = {node.id: node.parent for node in blocks.nodes}
    inner = [node.id for node in blocks.nodes if node.id in set(parent.values())]
    for area in inner:
        below = []
        for at, size in blocks.answers.sizes.items():
            up: str | None = at
            while up is not None and up != area:
                up = parent[up]
            if up == area:
                below.append((at, size))
        if not below:
            continue
        own = blocks.answers.sizes.get(area, 0)
        units = sum(at not in inner for at, _ in below)
        line = f"{names.get(area, area)}, {sum(size for _, size in below)}: {units} enheter"
        yield f"{line} og {own} andre." if own else f"{line}."
