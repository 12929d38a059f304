"""A small instrument and frames for the tests of the release room. Answers are drawn, never fixed
results."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from survey.disclosure.small_counts import Draw
from survey.instrument.layout import Layout
from survey.instrument.model import Instrument
from survey.release.audit import refuse_findings
from survey.release.compute import Computed, protect_wave, write_documents
from survey.release.document import Phase, UnitResult, WaveFacts
from survey.release.frame import Frame, FrameUnit, depth_first
from survey.release.lineage import Earlier, Recorded

TREE: list[tuple[str, str | None, int | None]] = [
    ("k", None, 0),
    ("north", "k", 0),
    ("n1", "north", 30),
    ("n2", "north", 14),
    ("n3", "north", 8),
    ("n4", "north", 4),
    ("south", "k", 0),
    ("s1", "south", 26),
    ("s2", "south", 12),
]
SIZES = {"n1": 25, "n2": 12, "n3": 7, "n4": 4, "s1": 26, "s2": 12}


def sheets(level: float = 0.6, seed: int = 1, sizes: Mapping[str, int] = SIZES) -> dict[str, str]:
    """Drawn sheets of so many people of each unit."""
    return {c: draw_sheets(n, level, seed + i) for i, (c, n) in enumerate(sizes.items())}


def compute(
    of: Frame,
    joined: Mapping[str, str],
    earlier: Sequence[Earlier] = (),
    draw: Draw | None = lambda _name: 1.5,
) -> Computed:
    """A release as the product makes one: protected, written, audited.

    Small counts are rounded from the same start each time, unless ``draw`` is None.
    """
    made = write_documents(of, protect_wave(of, joined, draw), earlier, "1")
    refuse_findings(made)
    return made


def by_code(computed: Computed) -> dict[str, UnitResult]:
    """A release's units by code."""
    return {unit.unit.code: unit for unit in computed.units}


def as_earlier(computed: Computed) -> Earlier:
    """A release as the next wave's knows it."""
    return Earlier(computed.header.wave, by_code(computed), computed.header.method)


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
    units: Sequence[tuple[str, str | None, int | None]],
    *,
    ordinal: int = 1,
    kinds: Mapping[str, str] | None = None,
    reports_to: Mapping[str, str] | None = None,
    recorded: Sequence[Recorded] = (),
    k: int = 5,
) -> Frame:
    """Frame of (code, parent, headcount); everybody whose headcount is known is invited."""
    return Frame(
        study="Study",
        organisation="Kommune",
        languages=("nb", "nn", "en"),
        k=k,
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
                    head or 0,
                    (reports_to or {}).get(code, code),
                )
                for code, parent, head in units
            ]
        ),
        recorded=tuple(recorded),
    )
