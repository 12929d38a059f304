"""The invented people of the demo municipality, and how they answer.

A latent value per answer: the unit's level (the same in all waves), the unit's change, the person,
the person's view of the dimension, and noise. The variances give an ICC(1) of about 0.2 for a
person's dimension scores. Nothing here knows an instrument's items: it answers whatever it is
given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from survey.instrument.items import NA
from survey.instrument.model import Instrument
from survey.instrument.parts import Item, Question, Scale

IMPROVING_AREA = "h"
"""First letter of the codes of the area that improves."""

GAIN = (0.0, 0.25, 0.5, 0.55)
"""How far the improving area has come in each wave, in standard deviations."""

UNIT_SD = 0.46
UNIT_DIMENSION_SD = 0.16
PERSON_SD = 0.66
PERSON_DIMENSION_SD = 0.42
NOISE_SD = 0.75
NOT_APPLICABLE = 0.04
LEFT_OUT = 0.01
QUIET_UNITS = {"t07": 0.6, "k03": 0.6, "h07": 0.55}
"""Small units in which so few answer that nothing can be shown of them."""


class Crowd:
    """Everybody, from one seed. Units keep their character from wave to wave."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of_wave(self, number: int) -> People:
        """The people who work there when wave ``number`` (from 0) is open."""
        return People(self._seed, number)


class People:
    """The people of one wave."""

    def __init__(self, seed: int, wave: int) -> None:
        self._seed = seed
        self._wave = wave
        self._rng = np.random.default_rng([seed, wave])

    def random_bytes(self) -> bytes:
        """Sixteen bytes, for a submission id."""
        return self._rng.bytes(16)

    def answers(
        self, instrument: Instrument, handed_out: Sequence[tuple[str, str]], share: float
    ) -> Iterator[tuple[str, dict[str, object]]]:
        """(code, answers) of those who answer, of ``handed_out``'s (unit code, code)."""
        chosen: list[tuple[str, str, bool]] = []
        for unit in dict.fromkeys(unit for unit, _ in handed_out):
            own = [code for place, code in handed_out if place == unit]
            wanted = QUIET_UNITS.get(unit) if share > 0.5 else None
            rate = wanted if wanted is not None else share + self._rng.uniform(-0.15, 0.15)
            count = min(len(own), int(rate * len(own) + 0.5))
            chosen += [(unit, code, place == 0) for place, code in enumerate(own[:count])]
        for place in self._rng.permutation(len(chosen)):
            unit, code, leader = chosen[place]
            yield code, self._sheet(instrument, unit, leader)

    def _sheet(self, instrument: Instrument, unit: str, leader: bool) -> dict[str, object]:
        character = np.random.default_rng([self._seed, *unit.encode()])
        level = character.normal(0.0, UNIT_SD) + self._rng.normal(0.0, PERSON_SD)
        level += GAIN[self._wave] if unit.startswith(IMPROVING_AREA) else 0.0
        level += 0.3 if leader else 0.0
        items: dict[str, object] = {}
        for place, dimension in enumerate(instrument.dimensions):
            own = level - 0.12 * (place % 3) + character.normal(0.0, UNIT_DIMENSION_SD)
            own += self._rng.normal(0.0, PERSON_DIMENSION_SD)
            for item in dimension.items:
                answer = self._answer(item, instrument.scales[dimension.scale], own)
                if answer is not None:
                    items[item.id] = answer
        questions = {
            question.id: answer
            for question in instrument.questions
            if (answer := self._choice(question, level, leader)) is not None
        }
        return {"items": items, "questions": questions}

    def _answer(self, item: Item, scale: Scale, level: float) -> int | str | None:
        drawn = self._rng.random()
        if drawn < LEFT_OUT and not item.required:
            return None
        if drawn < LEFT_OUT + NOT_APPLICABLE and scale.not_applicable is not None:
            return NA
        # Equally wide steps over the middle of the latent scale, whatever their number.
        value = 0.15 + level + self._rng.normal(0.0, NOISE_SD)
        step = int(np.clip((value + 2.0) / 4.0 * scale.options, 0, scale.options - 1))
        return scale.maximum - step if item.reverse else scale.minimum + step

    def _choice(self, question: Question, level: float, leader: bool) -> Any:
        """Answer a question; one of a type that the demo does not know stays unanswered."""
        if question.purpose == "role":
            role = "leader" if leader else "employee"
            return next(option.id for option in question.options if option.role == role)
        if question.type == "single":
            return str(self._rng.choice([option.id for option in question.options]))
        if question.type == "multiple":
            return self._several(question, level)
        if question.type == "words":
            return [str(word) for word in self._rng.choice(_texts("word"), 2, replace=False)]
        if question.type == "text" and self._rng.random() < 0.3:
            return str(self._rng.choice(_texts("comment")))
        return None

    def _several(self, question: Question, level: float) -> list[str]:
        open_to = 1.0 / (1.0 + np.exp(1.2 - level))
        chosen = [
            option.id
            for place, option in enumerate(question.options)
            if not option.exclusive and self._rng.random() < open_to * (1.3 - 0.1 * place)
        ]
        none = [option.id for option in question.options if option.exclusive]
        return chosen or none[:1]


@cache
def _texts(kind: str) -> tuple[str, ...]:
    file = resources.files("survey.demo") / "data" / "texts.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(line.partition(": ")[2] for line in lines if line.startswith(f"{kind}: "))
