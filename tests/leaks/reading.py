"""What somebody reads from a published wave. Imports nothing of the product: documents are JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Mapping[str, Any]


class Answered(Protocol):
    """Somebody who answered, as the attacker knows him: where, whether he leads, and, of himself
    and of those who told him, how; of others only what they left out."""

    @property
    def place(self) -> str: ...
    @property
    def leader(self) -> bool: ...
    @property
    def items(self) -> Mapping[str, Any]: ...
    @property
    def questions(self) -> Mapping[str, Any]: ...


@dataclass
class Wave:
    """A published wave: its documents, its tree without units that were merged, who answered.

    ``known`` are those whose answers the attacker knows: his own, and of colleagues who told him.
    """

    header: Json
    units: Mapping[str, Json]
    people: Sequence[Answered]
    known: Sequence[int] = ()
    parent: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        entries = {entry["code"]: entry for entry in self.header["units"]}
        merged = {code for code, unit in self.units.items() if unit["unit"].get("merged_into")}
        self.parent = {
            code: entry["parent"] for code, entry in entries.items() if code not in merged
        }

    @property
    def ordinal(self) -> int:
        return int(self.header["wave"]["ordinal"])

    @property
    def k(self) -> int:
        return int(self.header["method"]["k"])

    @property
    def dimensions(self) -> list[Json]:
        """The sub-goals of the questionnaire."""
        return list(self.header["instrument"]["dimensions"])

    @property
    def questions(self) -> list[Json]:
        """What is asked besides, but who leads."""
        asked = self.header["instrument"].get("questions", ())
        return [each for each in asked if each.get("purpose") != "role"]

    def options(self, dimension: Json) -> int:
        """Steps of a sub-goal's scale."""
        scale = self.header["instrument"]["scales"][dimension["scale"]]
        return int(scale["max"] - scale["min"] + 1)

    def step(self, dimension: Json, item: Json, answer: Any) -> int | None:
        """Place of an answer in the order of scores, from 0; None for none and "vet ikke"."""
        if not isinstance(answer, int):
            return None
        scale = self.header["instrument"]["scales"][dimension["scale"]]
        away = scale["max"] - answer if item.get("reverse") else answer - scale["min"]
        return int(away)

    # what is printed

    def answered(self, code: str) -> int | None:
        """Answers that count at a unit."""
        found: int | None = self.units[code]["participation"].get("answered")
        return found

    def scores(self, dimension: str) -> Iterator[tuple[str, bool, Json]]:
        """(unit, of its others?, index) of a sub-goal wherever it is printed."""
        for code in self.parent:
            unit = self.units[code]
            for result in unit["dimensions"]:
                if result["id"] == dimension and result["score"].get("index") is not None:
                    yield code, False, result["score"]
            others = unit.get("others")
            if others and others["dimensions"][dimension].get("index") is not None:
                yield code, True, others["dimensions"][dimension]

    def items(self, item: str) -> Iterator[tuple[str, Json]]:
        """(unit, result) of an item."""
        for code in self.parent:
            for dimension in self.units[code]["dimensions"]:
                for result in dimension.get("items", ()):
                    if result["id"] == item:
                        yield code, result

    def choices(self, question: str) -> Iterator[tuple[str, Json]]:
        """(unit, result) of a question."""
        for code in self.parent:
            for result in self.units[code].get("questions", ()):
                if result["id"] == question:
                    yield code, result
