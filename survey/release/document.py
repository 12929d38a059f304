"""What a release says: frozen plain data, the only thing that pages, PDFs, exports and API know.

A release of a wave is one :class:`ReleaseHeader` and one :class:`UnitResult` for each unit of the
wave's tree. Everything in them has passed disclosure control; ``None`` where a number would stand
means *hidden*, with one marker for every reason. Documents are stored as JSON with their
``schema`` number; every old schema keeps rendering (``tests/data/releases``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import cattrs

SCHEMA = 1

Bound = Literal["at_least", "at_most"]
Verdict = Literal["risen", "fallen", "no_change", "too_few", "hidden"]
Tier = Literal["none", "index", "shares", "full"]
Phase = Literal["before", "during", "after"]
ChangeBasis = Literal["unit", "units", "persons"]
ReorganisationKind = Literal["renamed", "recoded", "moved", "merged", "split", "regrouped"]
ComparisonRole = Literal["parent", "organisation", "kind"]
Band = Literal["above", "around", "below"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval in points 0–100 (or per cent), whole numbers."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Score:
    """An index on 0–100 in whole points; ``index`` None when hidden.

    ``bound`` says that the true value lies at or beyond the printed one (extreme values are
    capped). ``interval`` answers "what do the people who work here now think" (with finite
    population correction) and exists only from n ≥ 10; ``everyone`` is True when all answered, so
    that no interval is needed.
    """

    index: int | None
    n: int | None
    bound: Bound | None = None
    interval: Interval | None = None
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Shares:
    """Whole per cent of valid answers in the upper, middle and lower part of the scale.

    ``neutral`` is 0 on even scales. A masked part is None. ``at_least`` names the part that prints
    as "at least 90 %" (all or all but one agreed); its value is then 90 and the others are None.
    """

    favourable: int | None
    neutral: int | None
    unfavourable: int | None
    at_least: Literal["favourable", "neutral", "unfavourable"] | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """One bar of a distribution: the scale values merged into it, and its whole per cent."""

    values: tuple[int, ...]
    percent: int | None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item in one unit. ``values`` of categories are on the item's own scale, as answered.

    Indices and shares of a reverse-keyed item are turned, so that up always means agreement with
    the dimension; ``distribution`` is as answered.
    """

    id: str
    score: Score
    shares: Shares | None = None
    distribution: tuple[Category, ...] | None = None
    not_applicable: int | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Do answers lie further apart than chance would have them (r_wg(j), uniform null)? Only where
    n ≥ 10, and never the coefficient: two decimals of it tell counts that the shares keep open."""

    spread: bool


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """One dimension in one unit; ``shares`` pools the items' valid answers (reversed as keyed)."""

    id: str
    score: Score
    shares: Shares | None = None
    agreement: Agreement | None = None
    band: Band | None = None
    items: tuple[ItemResult, ...] = ()


@dataclass(frozen=True, slots=True)
class OptionResult:
    """One option of a question: whole per cent of ``n`` who were shown it and answered.

    ``at_least`` prints as "at least 90 %", ``at_most`` as "at most 10 %".
    """

    id: str
    percent: int | None
    at_least: bool = False
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """A single- or multiple-choice question in one unit; ``n`` is the printed denominator."""

    id: str
    n: int | None
    options: tuple[OptionResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Participation:
    """Who answered. ``answered`` and ``invited`` are None below the study's k.

    ``headcount`` is the organisation's own figure when the wave opened. ``over`` warns that more
    answered than the headcount says, so that no finite population correction is used.
    """

    headcount: int | None
    invited: int | None
    answered: int | None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another published node's indices beside the unit's own.

    ``units`` is the number of other units behind role ``kind``.
    """

    role: ComparisonRole
    code: str
    name: str
    overall: Score
    dimensions: Mapping[str, Score]
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The verdict on one index between two waves, from published numbers only.

    ``low``–``high`` is what the change may have been, in points. ``minimum_detectable`` is the
    true change that would be found in 80 % of cases; it is printed and never decides. ``basis``
    says what the verdict rests on: one unit's answers, an area's units as cases (from ten units
    published in both waves), or, for a smaller area, its persons. ``effect`` is Hedges' g with its
    95 % interval, the printed difference over the printed σ̂, where both waves have n ≥ 10.
    """

    verdict: Verdict
    earlier: int | None = None
    later: int | None = None
    difference: int | None = None
    low: int | None = None
    high: int | None = None
    minimum_detectable: int | None = None
    basis: ChangeBasis = "unit"
    effect: float | None = None
    effect_interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class AreaVerdict:
    """The nearest ancestor's overall change, which stands beside the unit's own."""

    code: str
    name: str
    overall: Change


@dataclass(frozen=True, slots=True)
class WaveChange:
    """All changes of one unit from one earlier wave to this one.

    Not ``comparable``: a reorganisation stands between (``UnitResult.reorganisations`` says
    which), and there is no verdict. ``reason`` "composition": the area comprises other units than
    it did; ``joined`` and ``left`` are their names.
    """

    from_ordinal: int
    overall: Change
    dimensions: Mapping[str, Change]
    area: AreaVerdict | None = None
    comparable: bool = True
    reason: str = ""
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reorganisation:
    """What was done to a unit between two waves, as recorded before the later one opened.

    ``from_ordinal`` is the last wave before it. ``before`` and ``after`` are names: of the unit
    (renamed, recoded), of what it belongs to (moved), of the units concerned (merged, split,
    regrouped). ``continues`` names the one of ``before`` that it is compared with. ``reason`` is
    in staff's words.
    """

    kind: ReorganisationKind
    from_ordinal: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    comparable: bool
    continues: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WaveFacts:
    """What a wave is called and when it was; dates are ISO days in Europe/Oslo."""

    ordinal: int
    phase: Phase
    label: str
    opened_on: str
    closed_on: str


@dataclass(frozen=True, slots=True)
class PastWave:
    """What an earlier release of the study published of the same unit, copied unchanged."""

    wave: WaveFacts
    participation: Participation
    overall: Score
    dimensions: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """The unit as the wave froze it. ``path`` is the names from the root to its parent."""

    code: str
    name: str
    kind: str
    level: int
    parent: str | None
    path: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    merged_into: str | None = None
    is_new: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class UnitResult:
    """Everything that may be known of one unit in one wave.

    ``band`` places the overall index among the organisation's units: clearly above, around or
    clearly below their mean; never a rank.
    """

    unit: UnitFacts
    tier: Tier
    participation: Participation
    overall: Score
    dimensions: tuple[DimensionResult, ...]
    band: Band | None = None
    questions: tuple[QuestionResult, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    changes: tuple[WaveChange, ...] = ()
    history: tuple[PastWave, ...] = ()
    reorganisations: tuple[Reorganisation, ...] = ()
    comments_allowed: bool = False
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class DimensionMethod:
    """Organisation-level quantities of one dimension, for the method page.

    ``sigma`` is σ̂, the pooled within-unit standard deviation in whole points that verdicts use;
    ``alpha`` and ``omega`` with the reason when they are not computed.
    """

    sigma: int
    alpha: float | None = None
    alpha_interval: tuple[float, float] | None = None
    omega: float | None = None
    omega_estimator: str = ""
    not_computed: str = ""
    icc1: float | None = None
    icc2: float | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """How the numbers were made, as printed on the method page."""

    k: int
    relevance: int
    sigma_overall: int
    dimensions: Mapping[str, DimensionMethod]
    software: str


@dataclass(frozen=True, slots=True)
class UnitIndexEntry:
    """One line of the list of units in a release."""

    code: str
    name: str
    kind: str
    parent: str | None
    level: int
    tier: Tier


@dataclass(frozen=True, slots=True)
class ReleaseHeader:
    """What is common to all units of a release. ``instrument`` is the frozen instrument as plain
    JSON (``survey.instrument.model.Instrument.from_dict`` reads it)."""

    release_id: str
    study: str
    organisation: str
    languages: tuple[str, ...]
    wave: WaveFacts
    earlier: tuple[WaveFacts, ...]
    instrument: Mapping[str, Any]
    method: Method
    units: tuple[UnitIndexEntry, ...]
    hidden_values: int = 0
    published_values: int = 0
    notes: tuple[str, ...] = field(default=())
    schema: int = SCHEMA


_converter = cattrs.Converter(omit_if_default=True)


def to_json(document: ReleaseHeader | UnitResult) -> str:
    """Canonical JSON (sorted keys, no spaces): equal documents give equal bytes."""
    plain = _converter.unstructure(document)
    plain["schema"] = document.schema
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def header_from_json(text: str) -> ReleaseHeader:
    """Read a stored header of any schema that was ever written."""
    return _converter.structure(_upgraded(json.loads(text)), ReleaseHeader)


def unit_from_json(text: str) -> UnitResult:
    """Read a stored unit result of any schema that was ever written."""
    return _converter.structure(_upgraded(json.loads(text)), UnitResult)


def digest(texts: list[str]) -> str:
    """SHA-256 over the documents of a release in the given order: header first, then units."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(hashlib.sha256(text.encode()).digest())
    return whole.hexdigest()


def _upgraded(plain: dict[str, Any]) -> dict[str, Any]:
    """Bring a document of an older schema to the present one. Schema 1 is the first."""
    if plain.get("schema") != SCHEMA:
        raise ValueError(f"release schema {plain.get('schema')!r} is not known to this version")
    return plain
