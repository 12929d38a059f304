"""What somebody learns who has municipalities of his own: which way of printing goes with what.

He runs the program on answers that he made, so he knows how many left out an item, or chose an
option, behind every form in which it is printed, or not printed. A form that never goes with more
than one or two numbers of people gives these away wherever it is met.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.leaks.knowledge import Program, Roll, has_item, path
from tests.leaks.reading import Answered, Json, Wave

OFTEN = 20
"""So many cases make it no accident."""

Form = tuple[str, str, str]
"""Kind of statistic, tier of the unit, and how it is printed."""


class Learned:
    """Forms, and the numbers of people that stood behind them."""

    def __init__(self) -> None:
        self.counts: dict[tuple[Form, str], list[int]] = defaultdict(list)

    def read(self, wave: Wave, program: Program | None = None) -> None:
        """Add everything that a wave prints."""
        roll = Roll(wave, program or Program())
        for code in wave.parent:
            n = wave.answered(code)
            if n is None:
                continue
            people = [
                person
                for person, label in zip(wave.people, roll.label, strict=True)
                if label and code in path(wave.parent, label)
            ]
            for form, gave, chose in _printed(wave, wave.units[code]):
                valid = [person for person in people if gave(person)]
                count = sum(map(chose, valid))
                self.counts[form, "left it out"].append(len(people) - len(valid))
                self.counts[form, "chose it"].append(count)
                self.counts[form, "did not choose it"].append(len(valid) - count)

    def told(self) -> list[str]:
        """Forms that tell of one or two people, or that nobody chose something."""
        found = []
        for (form, what), counts in self.counts.items():
            seen = set(counts)
            few = seen <= {1, 2} or (seen == {0} and what != "left it out")
            if len(counts) >= OFTEN and few and form[2] != "per cent":
                found.append(f"{' '.join(form)}: {sorted(seen)} {what}, {len(counts)} cases")
        return found


Test = Callable[[Answered], bool]


def _printed(wave: Wave, unit: Json) -> Iterator[tuple[Form, Test, Test]]:
    """(form, who has the statistic, who is counted in it) of every share of a unit."""
    tier = str(unit["tier"])
    for dimension, result in zip(wave.dimensions, unit["dimensions"], strict=True):
        kind = "item" if len(dimension["items"]) > 1 else "item alone"
        for item, printed in zip(dimension["items"], result.get("items", ()), strict=True):
            form = kind, tier, _form(printed.get("favourable"))
            yield form, has_item(item["id"]), _upper(wave, dimension, item)
    asked = {question["id"]: question for question in wave.questions}
    for result in unit.get("questions", ()):
        kind, gave = asked[result["id"]]["type"], _gave(result["id"])
        for option in result["options"]:
            form = kind, tier, _form(option.get("share"))
            yield form, gave, _chose(result["id"], option["id"])


def _upper(wave: Wave, dimension: Json, item: Json) -> Test:
    options = wave.options(dimension)

    def test(person: Answered) -> bool:
        step = wave.step(dimension, item, person.items.get(item["id"]))
        return step is not None and step >= options - options // 2

    return test


def _gave(question: str) -> Test:
    return lambda person: question in person.questions


def _chose(question: str, option: str) -> Test:
    return lambda person: option in person.questions[question]


def _form(share: Json | None) -> str:
    if share is None:
        return "nothing"
    return str(share.get("form") or "per cent")
