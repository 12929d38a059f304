"""Whether an index has changed, in words: a verdict says nothing but what its interval says."""

from __future__ import annotations

from collections.abc import Sequence

from survey.release.document import Bound, Change, Score, ShareChange, Tally, Verdict, WaveChange
from survey.reports.common import reorganised
from survey.reports.common.context import HIDDEN, Context, Row
from survey.reports.common.model import ChangeRow, ChangeTable
from survey.reports.svg.font_metrics import printable

UP, DOWN = "risen", "fallen"
Bounds = tuple[Bound | None, Bound | None]


def verdict(
    context: Context,
    change: Change,
    start: str,
    inside: str,
    bounds: Bounds = (None, None),
    *,
    n: int | None = None,
) -> str:
    """Say one verdict with its interval.

    ``start`` names the index at the start of a sentence ("Indeksen for …"), ``inside`` what may
    have changed. ``bounds`` are those of the earlier and the later index; with ``n`` answers the
    sentence says how large a change they would let us see.
    """
    words, low, high = context.words, change.low, change.high
    if change.verdict == "too_few":
        return words("verdict_too_few", D=inside)
    if change.verdict == "not_comparable":
        return words("verdict_not_comparable")
    known = change.earlier is not None and change.later is not None
    if change.verdict == "hidden" or low is None or high is None or not known:
        return words("verdict_hidden")
    a, b = words.index(change.earlier, bounds[0]), words.index(change.later, bounds[1])
    if change.verdict in (UP, DOWN):
        return words(f"verdict_{change.verdict}", D=start, a=a, b=b, span=_span(context, change))
    if low == high == 0:
        return words("verdict_still", D=start, b=b)
    said = [words(f"verdict_{change.verdict}", D=inside, a=a, b=b), _possible(context, change)]
    if change.verdict == "unknown" and n is not None and change.minimum_detectable is not None:
        said.append(words("seen", n=n, M=words.points(change.minimum_detectable)))
    return " ".join(filter(None, said))


def _span(context: Context, change: Change) -> str:
    """How large a rise or fall may be: "between 4 and 22 points", or "at least 4 points"."""
    words, ends = context.words, (abs(change.low or 0), abs(change.high or 0))
    least, most = min(ends), max(ends)
    is_open = change.high_open if change.verdict == UP else change.low_open
    if is_open:
        return words("span_least", L=words.points(least))
    if least == most:
        return words.points(least)
    return words("span_between", L=least, U=words.points(most))


def _possible(context: Context, change: Change) -> str:
    """What an interval that holds 0 leaves possible; '' for one that does not."""
    words, low, high = context.words, change.low or 0, change.high or 0
    if low > 0 or high < 0:
        return ""
    down = words.points(-low, open_end=change.low_open)
    up = words.points(high, open_end=change.high_open)
    key = "possible_both" if low and high else "possible_up" if high else "possible_down"
    return words(key, L=down, U=up)


def row_change(context: Context, change: WaveChange, row: Row) -> Change:
    """Return the change of one row; a hidden one where the document has none."""
    if not row.id:
        return change.overall
    return change.dimensions.get(row.id, Change("hidden"))


def kind_of(context: Context, change: WaveChange, row: Row) -> Verdict:
    """The verdict on one row as it is said: hidden where its numbers are not there."""
    judgement = row_change(context, change, row)
    if judgement.verdict in ("too_few", "not_comparable"):
        return judgement.verdict
    complete = None not in (judgement.earlier, judgement.later, judgement.low, judgement.high)
    return judgement.verdict if complete else "hidden"


def row_verdict(context: Context, change: WaveChange, row: Row) -> str:
    """Say the verdict on one row."""
    start = context.words("index_of", d=row.inside) if row.id else context.words("overall_start")
    return verdict(
        context,
        row_change(context, change, row),
        start,
        row.inside,
        _bounds(context, change, row),
        n=context.unit.participation.answered,
    )


def _bounds(context: Context, change: WaveChange, row: Row) -> Bounds:
    """The bounds of a row's two indices, where the verdict speaks of the indices as printed."""
    judgement, earlier = row_change(context, change, row), _then(context, change, row)
    later = context.score(row.id, context.waves[-1])
    return (
        earlier.bound if earlier.index == judgement.earlier else None,
        later.bound if later.index == judgement.later else None,
    )


def _then(context: Context, change: WaveChange, row: Row) -> Score:
    """A row's score in the wave that a change starts from."""
    then = (w for w in context.waves if w.wave.ordinal == change.from_ordinal)
    return next((context.score(row.id, wave) for wave in then), HIDDEN)


def tipping(context: Context, change: Change) -> str:
    """Say how those who did not answer would have to differ for a rise or fall to be gone."""
    words = context.words
    if change.verdict not in (UP, DOWN):
        return ""
    if change.beyond:
        return words(f"beyond_{change.verdict}")
    if change.tipping is None:
        return ""
    return words(f"tipping_{change.verdict}", p=words.points(change.tipping))


def has_it_changed(context: Context) -> tuple[str, ...]:
    """Say whether the overall index has changed and whether we can know; the area beside it."""
    words, change = context.words, context.change
    if change is None:
        return (_no_earlier(context),)
    if not change.comparable:
        since = words("not_comparable", wave=context.from_name(change))
        return reorganised.broken(context) or (since,)
    since = words("since", wave=context.from_name(change))
    said = [
        f"{since} {row_verdict(context, change, context.rows[0])}",
        _basis(context, change.overall),
        tipping(context, change.overall),
        _area(context, change),
        _earlier_way(context, change),
    ]
    return tuple(filter(None, said))


def _basis(context: Context, change: Change) -> str:
    persons = change.basis == "persons" and change.verdict != "hidden"
    return context.words("basis_persons") if persons else ""


def _area(context: Context, change: WaveChange) -> str:
    """The verdict on the nearest area, beside the unit's own."""
    if change.area is None:
        return ""
    words, name = context.words, printable(change.area.name)
    start, inside = words("area_start", name=name), words("area_inside", name=name)
    said = verdict(context, change.area.overall, start, inside)
    if change.area.overall.verdict == "hidden":
        return f"{start}: {words.hidden}."
    same = change.overall.basis == "persons"  # said of the area's own verdict already
    return said if same else " ".join(filter(None, (said, _basis(context, change.area.overall))))


def _regression(context: Context, change: WaveChange) -> str:
    """Say how far a unit that stood out is expected to move back by itself."""
    if not change.regression:
        return ""
    words, wave = context.words, context.from_name(change)
    return words("regression", wave=wave, p=words.points(abs(change.regression)))


def _tally(context: Context, tally: Tally) -> str:
    """Say how many of an area's units have which verdict, and how many chance alone would give."""
    words = context.words
    known = tally.risen + tally.fallen + tally.unknown
    said = []
    if known:
        key = "tally" if tally.unknown else "tally_known"
        said += [
            words(
                key,
                n=known,
                risen=words.count(tally.risen),
                fallen=words.count(tally.fallen),
                unknown=tally.unknown,
            ),
            words(
                "tally_expected",
                n=tally.expected,
                low=tally.expected_low,
                high=tally.expected_high,
            ),
        ]
    if tally.hidden:
        said.append(words("tally_hidden", n=tally.hidden))
    if tally.not_comparable:
        said.append(words("tally_apart", n=tally.not_comparable))
    return " ".join(said)


def _earlier_way(context: Context, change: WaveChange) -> str:
    """Say that verdicts of the first schema were reached otherwise than today's."""
    verdicts = {
        change.overall.verdict,
        *(judgement.verdict for judgement in change.dimensions.values()),
    }
    old = context.unit.schema == 1 and verdicts != {"hidden"}
    return context.words("earlier_way") if old else ""


def _no_earlier(context: Context) -> str:
    """Say why there is nothing to compare with: the first wave, or a unit that is new."""
    if context.unit.tier == "none":
        return context.words("change_hidden" if context.header.earlier else "one_wave_hidden")
    if context.unit.unit.is_new and context.header.earlier:
        return context.words("new_unit")
    if context.header.earlier:
        return context.words("no_earlier_here")
    return context.words("one_wave")


def more_on_change(context: Context) -> Sequence[str]:
    """Say what else belongs to the verdict: how many units moved, the change at today's headcounts,
    what moves by itself; and the overall verdict since each other wave."""
    lead, said = context.change, []
    if lead is not None and lead.comparable:
        said = [_standardised(context, lead.overall), _regression(context, lead)]
        if lead.tally is not None:
            said.insert(0, _tally(context, lead.tally))
    for change in sorted(context.unit.changes, key=lambda later: later.from_ordinal):
        if change is lead or not change.comparable:
            continue
        since = context.words("since", wave=context.from_name(change))
        said.append(f"{since} {row_verdict(context, change, context.rows[0])}")
    return [sentence for sentence in said if sentence]


def _standardised(context: Context, change: Change) -> str:
    words, points = context.words, change.standardised
    if points is None or change.verdict == "hidden":
        return ""
    key = "up" if points > 0 else "down" if points < 0 else "none"
    return words(f"standardised_{key}", p=words.points(abs(points)))


def change_table(context: Context, change: WaveChange) -> ChangeTable:
    """Every dimension with its index before and now, a chip for the verdict and its sentence."""
    words = context.words
    wave = context.wave_of(change.from_ordinal)
    return ChangeTable(
        header=(
            words("dimension"),
            context.wave_name(wave) if wave else words("before"),
            context.wave_name(context.header.wave),
            words("change"),
            words("range"),
        ),
        rows=tuple(_change_row(context, change, row) for row in context.rows[1:]),
    )


def _change_row(context: Context, change: WaveChange, row: Row) -> ChangeRow:
    words, judgement = context.words, row_change(context, change, row)
    kind = kind_of(context, change, row)
    said = [row_verdict(context, change, row)]
    if kind == judgement.verdict:
        said.append(tipping(context, judgement))
    return ChangeRow(
        name=row.title,
        before=words.score(_then(context, change, row)),
        now=words.score(context.score(row.id, context.waves[-1])),
        kind=kind,
        chip=words(f"chip_{kind}"),
        range=_range(context, judgement) if kind in (UP, DOWN, "unknown") else "–",
        sentence=" ".join(filter(None, said)),
    )


def _range(context: Context, change: Change) -> str:
    """An interval in the fewest words: "6 down to 12 up"."""
    ends = ((change.low or 0, change.low_open), (change.high or 0, change.high_open))
    if change.verdict == DOWN:
        ends = (ends[1], ends[0])
    first, last = (_end(context, *end) for end in ends)
    return first if first == last else context.words("range_to", first=first, last=last)


def _end(context: Context, value: int, is_open: bool) -> str:
    words = context.words
    if not value:
        return words("range_none")
    text = words("at_least", value=abs(value)) if is_open else str(abs(value))
    return words("range_up" if value > 0 else "range_down", n=text)


def share_note(context: Context, change: ShareChange | None) -> str:
    """ "risen" or "fallen" beside a statement or an option whose share is known to have changed."""
    if change is None or change.verdict not in (UP, DOWN):
        return ""
    return context.words(f"note_{change.verdict}")
