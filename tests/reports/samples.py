"""Release documents for tests, benchmarks and eyes: deterministic, with the shapes that real ones
have. Numbers come from a seed, verdicts from the measurement room; nobody answered anything."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from survey.instrument.model import Instrument
from survey.measurement import verdicts
from survey.release.document import (
    AreaVerdict,
    Category,
    Change,
    Comparison,
    DimensionMethod,
    DimensionResult,
    Interval,
    ItemResult,
    Method,
    OptionResult,
    Others,
    Participation,
    PastWave,
    QuestionResult,
    ReleaseHeader,
    Score,
    Share,
    ShareChange,
    Tally,
    Tier,
    UnitFacts,
    UnitIndexEntry,
    UnitResult,
    WaveChange,
    WaveFacts,
)

WAVES = (
    WaveFacts(1, "before", "Før 2024", "2024-03-04", "2024-03-22"),
    WaveFacts(2, "during", "Under 2025", "2025-03-03", "2025-03-21"),
    WaveFacts(3, "after", "Etter 2026", "2026-03-02", "2026-03-20"),
)
LONG_NAME = (
    "Kompetansesenter for tverrfaglig habiliterings- og rehabiliteringstjeneste for barn, unge og "
    "familier i Nordre og Søndre Bærum–Asker bydelssamarbeid"
)
SIGMA = 17
HIDDEN = Score(None)


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
        "method": method(source),
        "units": (
            UnitIndexEntry("1000", "Fjordvik kommune", "kommune", None, 0, "full"),
            UnitIndexEntry("1100", "Oppvekst", "område", "1000", 1, "full"),
        ),
    }
    return ReleaseHeader(**{**facts, **changes})


def method(source: Instrument | None = None) -> Method:
    """What a municipality of many units has on its method page."""
    dimensions = (source or instrument()).dimensions
    names = [each.id for each in dimensions]
    return Method(
        k=5,
        sigma_overall=SIGMA,
        dimensions={
            name: DimensionMethod(
                sigma=sigma_of(position),
                alpha=0.81 - 0.02 * position,
                alpha_interval=(0.78 - 0.02 * position, 0.84 - 0.02 * position),
                omega=0.82 - 0.02 * position,
                omega_estimator="minres",
                icc1=0.19,
                icc2=0.71,
            )
            for position, name in enumerate(names)
        },
        software="innovasjonskultur 0.1.0",
        correlations={f"{a}/{b}": 0.6 for a in names for b in names if a < b},
    )


def sigma_of(position: int) -> int:
    """σ̂ of the sub-goal at this position."""
    return 18 + position % 4


def share(percent: int, n: int) -> Share:
    """A share as it is printed at ``n`` answers."""
    step, count = (1 if n >= 100 else 5), percent * n / 100
    if count <= 3:
        return Share(None, step, "few")
    if n - count <= 3:
        return Share(None, step, "all_but_few")
    return Share(step * round(percent / step), step)


def category(percent: int) -> Share:
    """The share of one of all answer categories."""
    if percent < 5:
        return Share(5, 5, "below")
    return Share(95, 5, "above") if percent > 95 else Share(5 * round(percent / 5), 5)


def tier_of(n: int, k: int = 5) -> Tier:
    """The tier of a unit with ``n`` answers."""
    return "none" if n < k else "index" if n < 10 else "shares" if n < 100 else "full"


def _item(rng: random.Random, source: Instrument, item: str, n: int) -> ItemResult:
    if n < 10:
        return ItemResult(item)
    scale, favourable = source.scale_of(item), rng.randint(20, 95)
    if n < 100:
        return ItemResult(item, share(favourable, n))
    weights = [rng.random() + 0.15 + 0.25 * i for i, _ in enumerate(scale.values)]
    return ItemResult(
        item,
        share(favourable, n),
        tuple(
            Category(value, category(round(100 * weight / sum(weights))))
            for value, weight in zip(scale.values, weights, strict=True)
        ),
        share(rng.choice((1, 4, 7, 12)), n),
    )


def score(index: int, n: int, sigma: int, headcount: int | None) -> Score:
    """An index with its interval, as printed."""
    if n == headcount:
        return Score(index, everyone=True)
    part = 1 - n / headcount if headcount and n < headcount else 1.0
    half = 1.96 * sigma / n**0.5 * part**0.5
    return Score(index, None, Interval(max(0, int(index - half)), min(100, -int(-index - half))))


def _dimension(
    rng: random.Random, source: Instrument, position: int, n: int, headcount: int | None
) -> DimensionResult:
    known = source.dimensions[position]
    if tier_of(n) == "none":
        return DimensionResult(known.id, HIDDEN, items=tuple(ItemResult(i.id) for i in known.items))
    return DimensionResult(
        known.id,
        score(rng.randint(38, 78), n, sigma_of(position), headcount),
        "around" if n >= 10 else None,
        tuple(_item(rng, source, item.id, n) for item in known.items),
    )


def _questions(rng: random.Random, source: Instrument, n: int) -> tuple[QuestionResult, ...]:
    out: list[QuestionResult] = []
    for question in source.questions:
        if question.type not in ("single", "multiple") or question.purpose == "role":
            continue
        shares = sorted((rng.randint(0, 76) for _ in question.options), reverse=rng.random() < 0.3)
        fine = n >= 100 or question.type == "multiple"
        options = tuple(
            OptionResult(o.id, share(each, n) if fine and (n >= 100 or not o.exclusive) else None)
            for o, each in zip(question.options, shares, strict=True)
        )
        out.append(QuestionResult(question.id, options))
    return tuple(out)


def change(
    then: Score,
    now: Score,
    n: tuple[int, int],
    sigma: int = SIGMA,
    m: int = 1,
    headcount: int | None = None,
) -> Change:
    """A verdict as the measurement room gives it."""
    if then.index is None or now.index is None:
        return Change("hidden")
    ends = [
        verdicts.Index(
            each.index or 0,
            count,
            low_open=each.bound in ("at_most", "open"),
            high_open=each.bound in ("at_least", "open"),
        )
        for each, count in zip((then, now), n, strict=True)
    ]
    found = verdicts.unit_change(ends[0], ends[1], sigma, m)
    tipping = None
    if found.verdict != "unknown":
        tipping = verdicts.tipping_point(found.difference, now.index, n[1], headcount)
    return Change(
        found.verdict,
        then.index,
        now.index,
        found.difference,
        found.low,
        found.high,
        found.low_open,
        found.high_open,
        found.minimum_detectable,
        effect=verdicts.effect_size(found.difference, sigma),
        tipping=tipping.points if tipping else None,
        beyond=bool(tipping and tipping.beyond),
    )


def changes(unit: UnitResult, source: Instrument | None = None) -> tuple[WaveChange, ...]:
    """The changes that follow from a unit's history and its indices of this wave."""
    source, who = source or instrument(), unit.participation
    out: list[WaveChange] = []
    for past in unit.history:
        n = (past.participation.answered or 1, who.answered or 1)
        by_id = {
            each.id: change(
                past.dimensions.get(each.id, HIDDEN),
                each.score,
                n,
                sigma_of(position),
                len(source.index) if each.id in source.index else 1,
                who.headcount,
            )
            for position, each in enumerate(unit.dimensions)
        }
        overall = change(past.overall, unit.overall, n, headcount=who.headcount)
        beside = change(Score(52), Score(55), (400, 420))
        area = AreaVerdict("1100", "Oppvekst", replace(beside, basis="units"))
        items, options = _share_changes(past, unit, n)
        out.append(
            WaveChange(past.wave.ordinal, overall, by_id, area, items=items, options=options)
        )
    return tuple(out)


def _share_changes(
    past: PastWave, unit: UnitResult, n: tuple[int, int]
) -> tuple[dict[str, ShareChange], dict[str, ShareChange]]:
    items = {}
    for dimension in unit.dimensions:
        for item in dimension.items:
            then, now = past.items.get(item.id), item.favourable
            if then is None or now is None or then.form or now.form:
                continue
            steps, m = (then.step, now.step), len(dimension.items)
            found = verdicts.share_change(then.percent or 0, now.percent or 0, *n, *steps, m)
            if found is not None:
                values = (found.verdict, found.difference, found.low, found.high)
                items[item.id] = ShareChange(*values)
    options = {}
    for question in unit.questions[:1]:
        options = {
            f"{question.id}/{option.id}": ShareChange("risen", 20, 4, 36)
            for option in question.options[:1]
            if option.share is not None
        }
    return items, options


def _past(rng: random.Random, wave: WaveFacts, n: int, source: Instrument) -> PastWave:
    items = [item.id for each in source.dimensions for item in each.items] if n >= 10 else []
    dimensions = {each.id: Score(rng.randint(30, 70)) for each in source.dimensions}
    return PastWave(
        wave,
        Participation(n + 6, n + 6, n),
        Score(mean(source, dimensions)),
        dimensions,
        {item: share(rng.randint(20, 90), n) for item in items},
    )


def mean(source: Instrument, dimensions: Mapping[str, Score]) -> int:
    """The overall index: the mean of the index's printed sub-goals, half up."""
    values = [dimensions[name].index or 0 for name in source.index]
    return (2 * sum(values) + len(values)) // (2 * len(values))


def _comparisons(rng: random.Random, names: Sequence[str]) -> tuple[Comparison, ...]:
    def node(role: Any, code: str, name: str, units: int | None = None) -> Comparison:
        scores = {each: Score(rng.randint(45, 66)) for each in names}
        return Comparison(role, code, name, Score(rng.randint(50, 60)), scores, units)

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
) -> UnitResult:
    """One unit's result: its tier follows from ``n``; earlier waves unless it is new."""
    source, rng = source or instrument(), random.Random(seed)
    tier, places = tier_of(n), range(len(source.dimensions))
    shown, wide = tier != "none", n >= 10
    dimensions = tuple(_dimension(rng, source, each, n, headcount) for each in places)
    by_id = {each.id: each.score for each in dimensions}
    overall = score(mean(source, by_id), n, SIGMA, headcount) if shown else HIDDEN
    past = () if is_new else tuple(_past(rng, wave, max(n, 5), source) for wave in waves[:-1])
    result = UnitResult(
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
        comparisons=_comparisons(rng, [each.id for each in source.dimensions]) if shown else (),
        history=past,
        comments_allowed=wide,
        texts_of=n if wide else None,
    )
    return replace(result, changes=changes(result, source) if shown else ())


def area(n: int = 320, headcount: int = 420, *, units: int = 14, seed: int = 11) -> UnitResult:
    """An area of ``units`` units with others of its own, and what its units' verdicts come to."""
    base = unit(n, headcount, name="Oppvekst", seed=seed)
    rng = random.Random(seed)
    basis: Any = "units" if units >= 10 else "persons"
    tally = Tally(3, 1, units - 6, 2, 1, 1, 0, 2)
    told = [
        replace(
            each,
            overall=replace(each.overall, basis=basis, standardised=each.overall.difference),
            dimensions={k: replace(v, basis=basis) for k, v in each.dimensions.items()},
            area=replace(each.area, name="Fjordvik kommune") if each.area else None,
            tally=tally,
        )
        for each in base.changes
    ]
    scores = {each.id: Score(rng.randint(40, 80)) for each in base.dimensions}
    facts = UnitFacts(
        "1100",
        "Oppvekst",
        "område",
        1,
        "1000",
        ("Fjordvik kommune",),
        children=tuple(f"11{number:02}" for number in range(1, units + 1)),
    )
    return replace(
        base,
        unit=facts,
        others=Others(14, Score(mean(instrument(), scores)), scores),
        comparisons=base.comparisons[1:2],
        changes=tuple(told),
        texts_of=14,
    )


def with_scores(
    unit: UnitResult, scores: Mapping[str, Score], source: Instrument | None = None
) -> UnitResult:
    """The unit with other indices of sub-goals in this wave; overall and changes follow."""
    source, n = source or instrument(), unit.participation.answered or 1
    dimensions = tuple(
        replace(each, score=scores.get(each.id, each.score)) for each in unit.dimensions
    )
    by_id = {each.id: each.score for each in dimensions}
    parts = [by_id[name] for name in source.index]
    overall = HIDDEN
    if all(part.index is not None for part in parts):
        bounds = {part.bound for part in parts} - {None}
        bound: Any = next(iter(bounds)) if len(bounds) == 1 else "open" if bounds else None
        whole = score(mean(source, by_id), n, SIGMA, unit.participation.headcount)
        overall = replace(whole, bound=bound)
    changed = replace(unit, dimensions=dimensions, overall=overall)
    return replace(changed, changes=changes(changed, source))


def clamped(n: int = 8, headcount: int = 12) -> UnitResult:
    """A small unit whose first sub-goal is very high and second very low."""
    base = unit(n, headcount, seed=3)
    first, second = base.dimensions[0].id, base.dimensions[1].id
    high = Score(90, "at_least", Interval(79, 100))
    low = Score(10, "at_most", Interval(0, 21))
    return with_scores(base, {first: high, second: low})
