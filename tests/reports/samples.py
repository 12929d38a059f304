"""Release documents for tests, benchmarks and eyes: deterministic, with the shapes that real ones
have. Numbers come from a seed and obey the tiers; they went through no disclosure control."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from survey.instrument.model import Instrument
from survey.release.document import Agreement, AreaVerdict, Category, Change, Comparison, DimensionMethod, DimensionResult, Interval, ItemResult, Method, OptionResult, Participation, PastWave, QuestionResult, ReleaseHeader, Score, Shares, Tier, UnitFacts, UnitIndexEntry, UnitResult, WaveChange, WaveFacts

WAVES = (
    WaveFacts(1, "before", "Før 2024", "2024-03-04", "2024-03-22"),
    WaveFacts(2, "during", "Under 2025", "2025-03-03", "2025-03-21"),
    WaveFacts(3, "after", "Etter 2026", "2026-03-02", "2026-03-20"),
)
LONG_NAME = (
    "Kompetansesenter for tverrfaglig habiliterings- og rehabiliteringstjeneste for barn, unge og "
    "familier i Nordre og Søndre Bærum–Asker bydelssamarbeid"
)


@cache
def instrument() -> Instrument:
    """The shipped barometer."""
    text = files("survey.shipped").joinpath("baerum-barometer", "1.yaml").read_text("utf-8")
    return Instrument.from_dict(yaml.safe_load(text))


def five_point() -> Instrument:
    """A small instrument on an odd scale, one dimension of two items."""
    texts = dict.fromkeys(("nb", "nn", "en"), "Vi prøver nye ting")
    return Instrument.from_dict(
        {
            "id": "small",
            "version": 1,
            "languages": ["nb", "nn", "en"],
            "title": texts,
            "scales": {
                "five": {
                    "min": 1,
                    "max": 5,
                    "labels": {value: {"nb": f"Trinn {value}"} for value in range(1, 6)},
                }
            },
            "dimensions": [
                {
                    "id": "try",
                    "title": {"nb": "Utprøving", "nn": "Utprøving", "en": "Trying out"},
                    "scale": "five",
                    "items": [
                        {"id": "a", "text": texts},
                        {"id": "b", "text": texts, "reverse": True},
                    ],
                }
            ],
        }
    )


def header(
    waves: Sequence[WaveFacts] = WAVES, source: Instrument | None = None, **changes: Any
) -> ReleaseHeader:
    """A release of the last of ``waves``."""
    source = source or instrument()
    facts: dict[str, Any] = {
        "release_id": "5b2f6c1e",
        "study": "Innovasjonsbarometeret 2024–2026",
        "organisation": "Fjordvik kommune",
        "languages": ("nb", "nn", "en"),
        "wave": waves[-1],
        "earlier": tuple(waves[:-1]),
        "instrument": source.to_dict(),
        "method": Method(
            k=5,
            relevance=10,
            sigma_overall=17,
            dimensions={
                each.id: DimensionMethod(
                    sigma=18 + position % 4,
                    alpha=0.81 - 0.02 * position,
                    alpha_interval=(0.78 - 0.02 * position, 0.84 - 0.02 * position),
                    omega=0.82 - 0.02 * position,
                    omega_estimator="minres",
                    icc1=0.19,
                    icc2=0.71,
                )
                for position, each in enumerate(source.dimensions)
            },
            software="innovasjonskultur 0.1.0",
        ),
        "units": (
            UnitIndexEntry("1000", "Fjordvik kommune", "kommune", None, 0, "full"),
            UnitIndexEntry("1100", "Oppvekst", "område", "1000", 1, "full"),
        ),
        "hidden_values": 412,
        "published_values": 9310,
    }
    return ReleaseHeader(**{**facts, **changes})


def _split(rng: random.Random, whole: int, parts: int) -> list[int]:
    cuts = sorted(rng.randint(0, whole) for _ in range(parts - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, whole], strict=True)]


def _categories(rng: random.Random, source: Instrument, dimension: str) -> tuple[Category, ...]:
    scale = source.scales[source.dimension(dimension).scale]
    weights = [rng.random() + 0.15 + 0.25 * i for i, _ in enumerate(scale.values)]
    percents = [round(100 * w / sum(weights)) for w in weights]
    percents[-1] += 100 - sum(percents)
    return tuple(Category((v,), p) for v, p in zip(scale.values, percents, strict=True))


def _item(rng: random.Random, source: Instrument, item: str, tier: Tier, n: int) -> ItemResult:
    dimension = source.dimension_of(item).id
    scale = source.scale_of(item)
    categories = _categories(rng, source, dimension)
    middle = (scale.minimum + scale.maximum) / 2
    high = sum(c.percent or 0 for c in categories if c.values[0] > middle)
    low = sum(c.percent or 0 for c in categories if c.values[0] < middle)
    if tier == "index":
        return ItemResult(item, Score(None, None))
    return ItemResult(
        item,
        Score(rng.randint(35, 80), n - rng.randint(0, 2)),
        Shares(high, 100 - high - low, low),
        categories if tier == "full" else None,
        rng.choice((0, 0, 4, 7, 12)),
    )


def _dimension(
    rng: random.Random, source: Instrument, dimension: str, tier: Tier, n: int, headcount: int
) -> DimensionResult:
    if tier == "none":
        return DimensionResult(dimension, Score(None, None))
    index = rng.randint(38, 78)
    wide = n >= 10
    favourable = min(95, index + rng.randint(-8, 8))
    everyone = wide and n == headcount
    return DimensionResult(
        dimension,
        Score(
            index,
            n,
            interval=Interval(index - 6, index + 6) if wide and not everyone else None,
            everyone=everyone,
        ),
        Shares(favourable, 0, 100 - favourable) if wide else None,
        Agreement(True) if wide and index % 5 == 0 else None,
        "around" if wide else None,
        tuple(_item(rng, source, item.id, tier, n) for item in source.dimension(dimension).items),
    )


def tier_of(n: int, k: int = 5) -> Tier:
    """The tier of a cell of ``n`` answers."""
    return "none" if n < k else "index" if n < 10 else "shares" if n < 20 else "full"


def _questions(rng: random.Random, source: Instrument, n: int) -> tuple[QuestionResult, ...]:
    out = []
    for question in source.questions:
        if question.type not in ("single", "multiple") or question.purpose == "role":
            continue
        shares = sorted((rng.randint(0, 76) for _ in question.options), reverse=rng.random() < 0.3)
        options = tuple(
            OptionResult(o.id, None if rng.random() < 0.12 else share)
            for o, share in zip(question.options, shares, strict=True)
        )
        out.append(QuestionResult(question.id, n, options))
    return tuple(out)


def change(earlier: int, later: int, half: int = 9, relevance: int = 10) -> Change:
    """A verdict as the measurement room would give it, for a fixed half-width."""
    difference = later - earlier
    low, high = max(difference - half, -earlier), min(difference + half, 100 - earlier)
    verdict: Any = "risen" if low > 0 else "fallen" if high < 0 else "no_change"
    if verdict == "no_change" and half > 2 * relevance:
        verdict = "too_few"
    return Change(verdict, earlier, later, difference, low, high, round(half * 1.43))


def _changes(
    past: Sequence[PastWave], overall: Score, dimensions: Sequence[DimensionResult], half: int
) -> tuple[WaveChange, ...]:
    out = []
    for wave in past:
        by_id = {
            each.id: change(wave.dimensions[each.id].index or 0, each.score.index or 0, half)
            for each in dimensions
        }
        out.append(
            WaveChange(
                wave.wave.ordinal,
                change(wave.overall.index or 0, overall.index or 0, half),
                by_id,
                AreaVerdict("1100", "Oppvekst", change(52, 55, 4)),
            )
        )
    return tuple(out)


def _past(rng: random.Random, wave: WaveFacts, n: int, dimensions: Sequence[str]) -> PastWave:
    return PastWave(
        wave,
        Participation(n + 6, n + 6, n),
        Score(rng.randint(40, 66), n),
        {each: Score(rng.randint(30, 70), n) for each in dimensions},
    )


def _comparisons(rng: random.Random, dimensions: Sequence[str]) -> tuple[Comparison, ...]:
    def node(role: Any, code: str, name: str, units: int | None = None) -> Comparison:
        scores = {each: Score(rng.randint(45, 66), 400) for each in dimensions}
        return Comparison(role, code, name, Score(rng.randint(50, 60), 400), scores, units)

    return (
        node("parent", "1100", "Oppvekst"),
        node("organisation", "1000", "Fjordvik kommune"),
        node("kind", "1100", "barnehage", 7),
    )


def unit(
    n: int = 24,
    headcount: int | None = 31,
    *,
    waves: Sequence[WaveFacts] = WAVES,
    name: str = "Solbakken barnehage",
    seed: int = 7,
    source: Instrument | None = None,
    is_new: bool = False,
    half: int = 9,
) -> UnitResult:
    """One unit's result: its tier follows from ``n``; earlier waves unless it is new."""
    source, rng = source or instrument(), random.Random(seed)
    tier, names = tier_of(n), [each.id for each in source.dimensions]
    shown, whole = tier != "none", headcount or n
    dimensions = tuple(_dimension(rng, source, each, tier, n, whole) for each in names)
    wide = n >= 10
    index = round(sum(d.score.index or 0 for d in dimensions) / len(dimensions))
    everyone = wide and n == headcount
    interval = Interval(index - 5, index + 5) if wide and not everyone else None
    overall = Score(index, n, None, interval, everyone) if shown else Score(None, None)
    past = () if is_new else tuple(_past(rng, wave, max(n, 5), names) for wave in waves[:-1])
    return UnitResult(
        unit=UnitFacts(
            "1101", name, "barnehage", 2, "1100", ("Fjordvik kommune", "Oppvekst"), is_new=is_new
        ),
        tier=tier,
        participation=Participation(
            headcount, headcount, n if shown else None, over=headcount is not None and n > headcount
        ),
        overall=overall,
        dimensions=dimensions,
        questions=_questions(rng, source, n) if wide else (),
        comparisons=_comparisons(rng, names) if shown else (),
        changes=_changes(past, overall, dimensions, half) if shown else (),
        history=past,
        comments_allowed=wide,
    )
