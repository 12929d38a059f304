"""What the attacker knows without any equation: who answered, the groups, the questionnaire."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.leaks.reading import ME, Json, Wave, groups, valid


class Knowledge:
    """A wave and everything that is looked up in it."""

    def __init__(self, wave: Wave, seed: int) -> None:
        self.wave, self.rng = wave, np.random.default_rng(seed)
        self.groups = groups(wave)
        self.slack = int(wave.me is not None)
        self.home = frozenset() if wave.me is None else frozenset({wave.me.place})
        self.dimensions = {d["id"]: d for d in wave.instrument["dimensions"]}
        self.inside = list(wave.instrument["index"]["dimensions"])
        self.solved = 0

    def _pages(self) -> Iterator[tuple[frozenset[str], Json]]:
        for cell, kind, document in self.wave.mentions:
            if kind == "unit":
                yield self.wave.cells[cell], document

    def _around(self, group: frozenset[str]) -> frozenset[str]:
        """The known colleague, for a group that his unit's own staff is part of."""
        return frozenset({ME}) if self.home & group else frozenset()

    def _least(self, group: frozenset[str]) -> int:
        """From so many people a mean may be told."""
        return self.wave.k - (self.slack if self.home & group else 0)

    def _some(self, inside: frozenset[str], knows: str, name: str) -> frozenset[str]:
        """The atoms of a group, the colleague's own left out, in which anybody answered this."""
        return frozenset(a for a in inside - {ME} if self.wave.size({a}, knows, name))

    def _groups_of(self, knows: str, name: str) -> list[tuple[frozenset[str], str]]:
        """The groups that differ by somebody who answered this."""
        found: dict[frozenset[str], str] = {}
        for group, label in self.groups.items():
            found.setdefault(self._some(group, knows, name), label)
        return list(found.items())

    def _truth(self, group: frozenset[str], knows: str, name: str, low: int, high: int) -> int:
        """The number itself, for the judge alone: what may be told exactly may be guessed at."""
        count = 0
        for person, place in self.wave.placed():
            if place not in group or not valid(self.wave.instrument, person, knows, name):
                continue
            if knows == "item":
                chosen = {self._position(name, person.items[name])}
            else:
                order = self._order(name)
                given = person.questions[name]
                chosen = {order.index(o) for o in ([given] if isinstance(given, str) else given)}
            count += any(low <= place < high for place in chosen)
        return count

    def _may_tell(self, n: int, count: int, side: bool) -> bool:
        """Would the table of tiers let a group of n tell this count?"""
        if n < (10 if side else 20) - self.slack:
            return False
        return count == 0 or (count >= 3 - self.slack and n - count >= 2 - self.slack)

    def _open_wholly(
        self,
        group: frozenset[str],
        knows: str,
        name: str,
        told: set[tuple[frozenset[str], int, int]],
        run: tuple[int, int],
        room: int,
    ) -> bool:
        """Is all that is not told of the group's members as open as can be?"""
        known: set[str] = set()
        for inside, low, high in sorted(told, key=lambda one: -len(one[0])):
            if (low, high) == run and inside <= group and not inside & known:
                known |= inside
        if known and 0 < self.wave.size(group - known, knows, name) <= room:
            return True
        around = [inside for inside, low, high in told if (low, high) == run and group < inside]
        return any(self.wave.size(inside - group, knows, name) <= room for inside in around)

    def _options(self, dimension: str) -> int:
        scale = self.wave.instrument["scales"][self.dimensions[dimension]["scale"]]
        return int(scale["max"] - scale["min"] + 1)

    def _position(self, item: str, value: int) -> int:
        """Place of an answer in the order of scores, from 0."""
        for dimension in self.dimensions.values():
            scale = self.wave.instrument["scales"][dimension["scale"]]
            for each in dimension["items"]:
                if each["id"] == item:
                    away = scale["max"] - value if each.get("reverse") else value - scale["min"]
                    return int(away)
        raise KeyError(item)

    def _order(self, question: str) -> list[str]:
        """Ids of a question's options."""
        (found,) = [q for q in self.wave.instrument["questions"] if q["id"] == question]
        return [option["id"] for option in found["options"]]

    def _sides(self, options: int) -> dict[str, tuple[int, int]]:
        half = options // 2
        return {
            "unfavourable": (0, half),
            "neutral": (half, options - half),
            "favourable": (options - half, options),
        }

    def _own_score(self, index: str) -> float:
        assert self.wave.me is not None
        if index == "overall":
            known = [d for d in self.inside if self.wave.size({ME}, "dimension", d)]
            return sum(self._own_score(d) for d in known) / len(known)
        top = self._options(index) - 1
        places = [
            self._position(item["id"], self.wave.me.items[item["id"]])
            for item in self.dimensions[index]["items"]
            if isinstance(self.wave.me.items.get(item["id"]), int)
        ]
        return 100.0 * sum(places) / top / len(places)
