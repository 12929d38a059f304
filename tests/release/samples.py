"""A small instrument and frames for the tests of the release room. Answers are drawn, never fixed
results."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.release.document import Phase, WaveFacts
from survey.release.frame import Frame, FrameUnit, depth_first


def instrument() -> Instrument:
    """Two dimensions of three items on 1–4 (one reversed), a single and a multiple question."""

    def text(word: str) -> dict[str, str]:
        return {"nb": word, "nn": word, "en": word}

    def items(prefix: str, reverse: int | None) -> list[dict[str, object]]:
        return [
            {"id": f"{prefix}{n}", "text": text(f"{prefix} {n}"), "reverse": n == reverse}
            for n in range(1, 4)
        ]

    return Instrument.from_dict(
        {
            "id": "sample",
            "version": 1,
            "languages": ["nb", "nn", "en"],
            "title": text("Sample"),
            "scales": {
                "agree": {
                    "type": "likert",
                    "min": 1,
                    "max": 4,
                    "labels": {n: text(str(n)) for n in range(1, 5)},
                    "not_applicable": text("?"),
                }
            },
            "dimensions": [
                {"id": "share", "title": text("A"), "scale": "agree", "items": items("a", None)},
                {"id": "lead", "title": text("B"), "scale": "agree", "items": items("b", 3)},
            ],
            "questions": [
                {
                    "id": "effects",
                    "type": "multiple",
                    "text": text("Q"),
                    "options": [{"id": o, "text": text(o)} for o in ("time", "money", "none")],
                },
                {
                    "id": "weeks",
                    "type": "single",
                    "text": text("W"),
                    "options": [{"id": o, "text": text(o)} for o in ("few", "many")],
                },
                {
                    "id": "role",
                    "type": "single",
                    "purpose": "role",
                    "text": text("R"),
                    "options": [
                        {"id": "boss", "text": text("boss"), "role": "leader"},
                        {"id": "staff", "text": text("staff"), "role": "employee"},
                    ],
                },
                {"id": "help", "type": "text", "text": text("H")},
            ],
        }
    )


def draw_sheets(count: int, level: float, seed: int) -> str:
    """``count`` sheets whose items agree with probability ``level`` per step, laid end to end."""
    layout = Layout(instrument())
    rng = random.Random(seed)
    sheets = []
    for _ in range(count):
        own = min(max(rng.gauss(level, 0.15), 0.02), 0.98)
        items: dict[str, int | str] = {}
        for item in instrument().items.values():
            value = 1 + sum(rng.random() < own for _ in range(3))
            items[item.id] = 5 - value if item.reverse else value
        ticked = [o for o in ("time", "money") if rng.random() < own] or ["none"]
        weeks = rng.choice(["few", "many"])
        questions = {"effects": ticked, "weeks": weeks}
        sheets.append(layout.encode({"items": items, "questions": questions}))
    return "".join(sheets)


def wave(ordinal: int = 1, phase: Phase = "before") -> WaveFacts:
    return WaveFacts(ordinal, phase, f"Wave {ordinal}", "2026-01-01", "2026-02-01")


def frame(
    units: Sequence[tuple[str, str | None, int]],
    *,
    ordinal: int = 1,
    kinds: Mapping[str, str] | None = None,
    reports_to: Mapping[str, str] | None = None,
) -> Frame:
    """Frame of (code, parent, headcount)."""
    return Frame(
        study="Study",
        organisation="Kommune",
        languages=("nb", "nn", "en"),
        k=5,
        relevance=10,
        wave=wave(ordinal),
        instrument=instrument(),
        units=depth_first(
            [
                FrameUnit(
                    code,
                    f"Unit {code}",
                    (kinds or {}).get(code, ""),
                    parent,
                    head,
                    head,
                    (reports_to or {}).get(code, code),
                )
                for code, parent, head in units
            ]
        ),
    )
