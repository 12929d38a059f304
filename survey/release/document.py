"""What a release says: frozen plain data, the only thing that pages, PDFs, exports and API know.

A release of a wave is one :class:`ReleaseHeader` and one :class:`UnitResult` for each unit of the
wave's tree. Everything in them is a sum over building blocks or a function of such sums; ``None``
where a number would stand means *hidden*, with one marker for every reason. The number of answers
of a unit (``Participation.answered``) is the only number of people there is: none is printed per
sub-goal, item or question. Documents are stored as JSON with their ``schema`` number; every old
schema keeps rendering (``survey.release.codec``, ``tests/data/releases``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from survey.measurement import intervals, verdicts
from survey.measurement.participation import Participation
from survey.measurement.shrinkage import Band
from survey.measurement.sigma import Source
from survey.measurement.verdicts import ShareChange, Verdict

__all__ = ["Band", "Participation", "ShareChange", "Verdict"]
"""Words of measurement that documents are written in, for those who read documents."""

SCHEMA = 2

Interval = intervals.Interval[int]
"""A 95 % interval in points 0-100, whole numbers, rounded outward."""
Change = verdicts.Change[int]
"""The verdict on one index between two waves, in whole points, from published numbers only."""

Bound = Literal["at_least", "at_most", "open"]
ShareForm = Literal["few", "all_but_few", "below", "above"]
Tier = Literal["none", "index", "shares", "full"]
Phase = Literal["before", "during", "after"]
ReorganisationKind = Literal["renamed", "recoded", "moved", "merged", "split", "regrouped"]
ComparisonRole = Literal["parent", "organisation", "kind"]


@dataclass(frozen=True, slots=True)
class Score:
    """An index on 0–100 in whole points; ``index`` None when hidden. ``bound`` says that the true
    value lies at or beyond the printed one (``open``: parts of it are bounded on either side).
    ``interval`` answers "what do the people who work here now think" (with finite population
    correction); its end on the side of the bound is open. ``everyone`` is True when all answered,
    so that no interval is needed."""

    index: int | None
    bound: Bound | None = None
    interval: Interval | None = None
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """Per cent in steps of ``step`` (five, or one from a hundred answers). ``form`` ``few``: none
    or a few; ``all_but_few``: all but none or a few (``percent`` is then None); ``below`` and
    ``above``: beyond ``percent``, the end of the steps."""

    percent: int | None
    step: int = 5
    form: ShareForm | None = None

    @property
    def position(self) -> int:
        """Where a mark stands on a line from 0 to 100."""
        if self.percent is None:
            return 0 if self.form == "few" else 100
        return self.percent


@dataclass(frozen=True, slots=True)
class Category:
    """One answer category: its value on the item's own scale, as answered, and its share."""

    value: int
    share: Share


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item in one unit.

    ``favourable`` is the share in the upper half of the scale, turned when the item is
    reverse-keyed; ``categories`` are as answered and stand from a hundred answers, like
    ``not_applicable``.
    """

    id: str
    favourable: Share | None = None
    categories: tuple[Category, ...] | None = None
    not_applicable: Share | None = None


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """One sub-goal in one unit."""

    id: str
    score: Score
    band: Band | None = None
    items: tuple[ItemResult, ...] = ()


@dataclass(frozen=True, slots=True)
class OptionResult:
    """One option of a question: the share of those who were shown it and answered."""

    id: str
    share: Share | None


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """A single- or multiple-choice question in one unit."""

    id: str
    options: tuple[OptionResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Others:
    """ "Andre i området": leaders, an area's own staff and small units, counted together. A row of
    its own under the area."""

    answered: int
    overall: Score
    dimensions: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another published node's indices beside the unit's own. Role ``kind`` is the median of the
    printed indices of ``units`` other units of the kind."""

    role: ComparisonRole
    code: str
    name: str
    overall: Score
    dimensions: Mapping[str, Score]
    units: int | None = None


@dataclass(frozen=True, slots=True)
class AreaVerdict:
    """The nearest ancestor's overall change, which stands beside the unit's own."""

    code: str
    name: str
    overall: Change


@dataclass(frozen=True, slots=True)
class Tally:
    """Units below an area by the verdict on their overall index since a wave. ``expected`` would
    rise (and fall) by chance alone, ``expected_low`` to ``expected_high`` in 95 of 100 cases."""

    risen: int
    fallen: int
    unknown: int
    hidden: int
    not_comparable: int
    expected: int
    expected_low: int
    expected_high: int


@dataclass(frozen=True, slots=True)
class WaveChange:
    """All changes of one unit from one earlier wave to this one.

    Not ``comparable``: a reorganisation stands between (``UnitResult.reorganisations`` says
    which), and there is no verdict. ``reason`` "composition": the area comprises other units than
    it did; ``joined`` and ``left`` are their names. ``items`` and ``options`` hold the changes of
    shares, by item and by ``question/option``. ``regression``: points that a unit which lay clearly
    above or below the others in the earlier wave is expected to move back by itself.
    """

    from_ordinal: int
    overall: Change
    dimensions: Mapping[str, Change]
    area: AreaVerdict | None = None
    comparable: bool = True
    reason: str = ""
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    items: Mapping[str, ShareChange] = field(default_factory=dict)
    options: Mapping[str, ShareChange] = field(default_factory=dict)
    tally: Tally | None = None
    regression: int | None = None


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
    items: Mapping[str, Share] = field(default_factory=dict)


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
    """Everything that may be known of one unit in one wave. ``band`` places the overall index among
    the organisation's units: clearly above, around or clearly below their mean; never a rank.
    ``texts_of``: of how many people the pool is whose texts stand at this unit, None where none do.
    """

    unit: UnitFacts
    tier: Tier
    participation: Participation
    overall: Score
    dimensions: tuple[DimensionResult, ...]
    band: Band | None = None
    questions: tuple[QuestionResult, ...] = ()
    others: Others | None = None
    comparisons: tuple[Comparison, ...] = ()
    changes: tuple[WaveChange, ...] = ()
    history: tuple[PastWave, ...] = ()
    reorganisations: tuple[Reorganisation, ...] = ()
    comments_allowed: bool = False
    texts_of: int | None = None
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class DimensionMethod:
    """Organisation-level quantities of one sub-goal, for the method page.

    ``sigma`` is σ̂ in whole points, which every interval and verdict uses; ``source`` says where it
    comes from. ``alpha`` and ``omega`` with the reason when they are not computed. ``mean`` and
    ``tau2`` are the model of the units' indices that bands rest on.
    """

    sigma: int
    source: Source = "within"
    alpha: float | None = None
    alpha_interval: tuple[float, float] | None = None
    omega: float | None = None
    omega_estimator: str = ""
    not_computed: str = ""
    icc1: float | None = None
    icc2: float | None = None
    mean: float | None = None
    tau2: float | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """How the numbers were made. ``correlations``: ``a/b`` → correlation of two sub-goals over
    people, two decimals; none when the organisation is too small (0.5 is then assumed)."""

    k: int
    sigma_overall: int
    dimensions: Mapping[str, DimensionMethod]
    software: str
    sigma_overall_source: Source = "within"
    correlations: Mapping[str, float] = field(default_factory=dict)
    mean: float | None = None
    tau2: float | None = None

    def correlation(self, one: str, other: str) -> float:
        """The correlation of two sub-goals; 0.5 where it is not known."""
        value = self.correlations.get(f"{one}/{other}", self.correlations.get(f"{other}/{one}"))
        return 0.5 if value is None else value


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
    JSON (``survey.instrument.model.Instrument.from_dict`` reads it). ``schema`` stays the one that
    it was released under."""

    release_id: str
    study: str
    organisation: str
    languages: tuple[str, ...]
    wave: WaveFacts
    earlier: tuple[WaveFacts, ...]
    instrument: Mapping[str, Any]
    method: Method
    units: tuple[UnitIndexEntry, ...]
    notes: tuple[str, ...] = field(default=())
    public_level: int = 0
    schema: int = SCHEMA
