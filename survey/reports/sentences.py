"""What a unit's result says in words: computed from published numbers only, praising nobody."""

from __future__ import annotations

from collections.abc import Sequence

from survey.release.changes import REORGANISED
from survey.release.document import Change, Participation, WaveChange
from survey.reports import reorganised
from survey.reports.context import Context, Row
from survey.reports.metrics import printable


def who_answered(context: Context) -> str:
    """Say how many answered, of how many; or that this is not shown."""
    words, who = context.words, context.unit.participation
    if who.answered is None:
        return words("answered_hidden")
    if who.over and who.headcount is not None:
        return words("answered_over", n=who.answered, all=who.headcount)
    whole = who.headcount if who.headcount is not None else who.invited
    if not whole:
        return words("answered_only", n=who.answered)
    if who.answered > whole:
        return words("answered_over_invited", n=who.answered, all=whole)
    if who.answered == whole:
        return words("answered_all", n=who.answered)
    key = "answered_of" if who.headcount is not None else "answered_of_invited"
    return words(key, n=who.answered, all=whole, rate=response_rate(context, who))


def answered(context: Context) -> tuple[str, ...]:
    """Who answered; and, where the questionnaire asks for the role, that leaders are not in it:
    otherwise "23 of 24" would look like a colleague who did not answer."""
    said = [who_answered(context)]
    if few_answered(context):
        said.append(context.words("answered_few"))
    top = context.unit.unit.parent is None  # every leader is counted there
    asked = context.instrument.role_question is not None
    if top or not asked or context.unit.participation.answered is None:
        return tuple(said)
    return (*said, context.words("answered_leaders"))


FEW = 50
"""Per cent below which those who did not answer outnumber those who did: no interval covers what
they might have said, since they did not stay away by lot."""


def few_answered(context: Context) -> bool:
    """True when fewer than half are known to have answered."""
    who = context.unit.participation
    whole = who.headcount if who.headcount is not None else who.invited
    return who.answered is not None and bool(whole) and 100 * who.answered < FEW * (whole or 0)


def response_rate(context: Context, who: Participation) -> str:
    """Return the response rate in whole per cent; "–" where it is not known, or where more answered
    than work here, which is said in words."""
    whole = who.headcount if who.headcount is not None else who.invited
    if who.answered is None or not whole or who.answered > whole:
        return "–"
    return context.words.percent(int(100 * who.answered / whole + 0.5))


def where_we_stand(context: Context) -> tuple[str, ...]:
    """Say the overall index and how sure it is, or that it is not shown."""
    words, score = context.words, context.unit.overall
    if score.index is None:
        return (words("standing_hidden"),)
    said = [words("standing", index=words.score(score))]
    if score.everyone:
        said.append(words("standing_everyone"))
    elif score.interval is not None:
        said.append(words("standing_interval", low=score.interval.low, high=score.interval.high))
    return tuple(said)


def verdict(context: Context, change: Change, start: str, inside: str) -> str:
    """Say one verdict; ``start`` and ``inside`` name the index at the start of a sentence and
    inside one."""
    words, low, high = context.words, change.low, change.high
    if change.verdict == "too_few":
        return words("verdict_too_few", D=inside)
    known = change.earlier is not None and change.later is not None
    if change.verdict == "hidden" or low is None or high is None or not known:
        return words("verdict_hidden")
    return words(
        f"verdict_{change.verdict}",
        D=inside if change.verdict == "no_change" else start,
        a=change.earlier,
        b=change.later,
        L=words.number(low),
        U=words.number(high),
    )


def row_change(context: Context, change: WaveChange, row: Row) -> Change:
    """Return the change of one row; a hidden one where the document has none."""
    if not row.id:
        return change.overall
    return change.dimensions.get(row.id, Change("hidden"))


def row_verdict(context: Context, change: WaveChange, row: Row) -> str:
    """Say the verdict on one row."""
    start = row.title if row.id else context.words("overall_start")
    return verdict(context, row_change(context, change, row), start, row.inside)


def has_it_changed(context: Context) -> tuple[str, ...]:
    """Say whether the overall index has changed and whether we can know; the area beside it."""
    words, change = context.words, context.change
    if change is None:
        return (_no_earlier(context),)
    since = words("since", wave=context.from_name(change))
    if not change.comparable and change.reason == REORGANISED:
        return reorganised.broken(context) or (
            words("not_comparable", wave=context.from_name(change)),
        )
    if not change.comparable:
        reason = printable(change.reason)
        key = "not_comparable_because" if reason else "not_comparable"
        return (words(key, wave=context.from_name(change), reason=reason),)
    said = [f"{since} {row_verdict(context, change, context.rows[0])}"]
    said.append(_minimum(context, change.overall))
    if change.area is not None:
        name = printable(change.area.name)
        start, inside = words("area_start", name=name), words("area_inside", name=name)
        said.append(verdict(context, change.area.overall, start, inside))
    return tuple(filter(None, said))


def _minimum(context: Context, change: Change) -> str:
    """Say how large a change must be to be found in most cases; it never decides."""
    if change.verdict == "hidden" or change.minimum_detectable is None:
        return ""
    return context.words("minimum_detectable", points=change.minimum_detectable)


def _no_earlier(context: Context) -> str:
    """Say why there is nothing to compare with: the first wave, or a unit that is new."""
    if context.unit.tier == "none":
        return context.words("change_hidden" if context.header.earlier else "one_wave_hidden")
    if context.unit.unit.is_new and context.header.earlier:
        return context.words("new_unit")
    if context.header.earlier:
        return context.words("no_earlier_here")
    return context.words("one_wave")


def profile_title(context: Context) -> str:
    """State the finding of the dumbbell: what has changed, else what is highest and lowest."""
    words, now = context.words, context.waves[-1]
    shown = [row for row in context.rows[1:] if context.score(row.id, now).index is not None]
    if not shown:
        return words("profile_hidden")
    change = context.change
    if change is None or not change.comparable or len(context.waves) < 2:
        return _pattern_title(context)
    kinds: dict[str, list[Row]] = {"risen": [], "fallen": [], "no_change": [], "too_few": []}
    for row in shown:
        kinds.setdefault(row_change(context, change, row).verdict, []).append(row)
    moved = [_moved(context, kind, kinds[kind]) for kind in ("risen", "fallen") if kinds[kind]]
    if moved:
        return "; ".join([moved[0], *(context.words.inside(each) for each in moved[1:])])
    if kinds["no_change"]:
        return words("title_no_change")
    return words("title_too_few") if kinds["too_few"] else _pattern_title(context)


def _moved(context: Context, kind: str, rows: Sequence[Row]) -> str:
    if len(rows) > 3:
        return context.words(f"title_{kind}_most", n=len(rows), all=len(context.rows) - 1)
    number = "one" if len(rows) == 1 else "many"
    names = _begin(context.words.listed([row.inside for row in rows]))
    return context.words(f"title_{kind}_{number}", names=names)


def _pattern_title(context: Context) -> str:
    highest, lowest = extremes(context)
    if not highest:
        return context.words("profile_hidden")
    if not lowest:
        return context.words("title_level", index=_value(context, highest[0]))
    return context.words(
        "title_pattern",
        high=_high_names(context, highest),
        x=_value(context, highest[0]),
        low=context.words.listed([row.inside for row in lowest]),
        y=_value(context, lowest[0]),
    )


def _high_names(context: Context, rows: Sequence[Row]) -> str:
    names = context.words.listed([row.inside for row in rows])
    return names if context.language == "en" else _begin(names)


def extremes(context: Context) -> tuple[list[Row], list[Row]]:
    """Return the highest and the lowest published dimensions of this wave (ties together).

    Both are empty when nothing is published; the second is empty when all are equal or only one
    is published.
    """
    now = context.waves[-1]
    known = {
        row.id: index
        for row in context.rows[1:]
        if (index := context.score(row.id, now).index) is not None
    }
    if not known:
        return [], []
    top, bottom = max(known.values()), min(known.values())
    highest = [row for row in context.rows[1:] if known.get(row.id) == top]
    lowest = [row for row in context.rows[1:] if known.get(row.id) == bottom]
    return highest, ([] if top == bottom else lowest)


def keep_and_improve(context: Context) -> tuple[str, ...]:
    """Say what to keep (the unit's own highest) and what to improve (its own lowest)."""
    words = context.words
    highest, lowest = extremes(context)
    if not highest:
        return (words("keep_hidden"),)
    if not lowest:
        return (words("keep_level", index=_value(context, highest[0])),)
    x, y = _value(context, highest[0]), _value(context, lowest[0])
    names = words.listed([row.inside for row in highest])
    weak = words.listed([row.inside for row in lowest])
    said = [words("keep", names=names, x=x), words("improve", names=weak, y=y)]
    now = context.waves[-1]
    high, low = (context.score(rows[0].id, now).index or 0 for rows in (highest, lowest))
    if high - low < context.header.method.relevance:
        said.append(words("small_spread", points=high - low))
    return tuple(said)


def talk_about(context: Context) -> tuple[str, ...]:
    """Return questions for the meeting, from the unit's own pattern."""
    words = context.words
    if context.unit.tier == "none":
        return (words("talk_participation"), words("talk_area"))
    highest, lowest = extremes(context)
    points = [words("talk_recognise")]
    if highest and lowest:
        points.append(words("talk_keep", names=words.listed([row.inside for row in highest])))
        points.append(words("talk_improve", names=words.listed([row.inside for row in lowest])))
    points.append(words("talk_action"))
    return tuple(points)


def circumstances(context: Context) -> tuple[str, ...]:
    """Say what is special about the unit: hidden, merged, new, more answers than employees."""
    words, facts, said = context.words, context.unit.unit, []
    if context.unit.tier == "none":
        said.append(words("tier_none_here", k=context.header.method.k))
    if facts.merged_into:
        names = {entry.code: entry.name for entry in context.header.units}
        name = printable(names.get(facts.merged_into, facts.merged_into))
        said.append(words("merged_into", name=name))
    if facts.is_new and context.header.earlier and context.change is not None:
        said.append(words("is_new"))
    if facts.note:
        said.append(printable(facts.note))
    return tuple(said)


def _value(context: Context, row: Row) -> str:
    return context.words.score(context.score(row.id, context.waves[-1]))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]


def other_changes(context: Context) -> Sequence[str]:
    """Say the overall verdict since each other earlier wave."""
    lead, said = context.change, []
    for change in sorted(context.unit.changes, key=lambda each: each.from_ordinal):
        if change is lead or not change.comparable:
            continue
        since = context.words("since", wave=context.from_name(change))
        said.append(f"{since} {row_verdict(context, change, context.rows[0])}")
    return said
