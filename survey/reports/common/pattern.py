"""What stands out in a unit's own numbers: only the index's sub-goals that are shown are compared,
and what is not shown is said."""

from __future__ import annotations

from collections.abc import Sequence

from survey.measurement.keep import told_apart
from survey.release.document import Score, WaveChange
from survey.reports.common.context import Context, Row
from survey.reports.common.verdicts import DOWN, UP, kind_of

NAMED = 2
"""So many changed sub-goals are named in a title; more are counted."""


def profile_title(context: Context) -> str:
    """State the finding of the dumbbell: what has changed, else what is highest and lowest."""
    if not context.shown(context.rows[1:]):
        return context.words("profile_hidden")
    change = context.change
    if change is None or not change.comparable or len(context.waves) < 2:
        return _pattern_title(context)
    apart = [_named_moved(context, change, context.apart, kind) for kind in (UP, DOWN)]
    said = _together(context, [_changed_title(context, change), *apart])
    return said or _pattern_title(context)


def _changed_title(context: Context, change: WaveChange) -> str:
    """What the verdicts on the index's sub-goals come to; '' where there is none."""
    kinds = {row.id: kind_of(context, change, row) for row in context.parts}
    judged = [row for row in context.parts if kinds[row.id] != "hidden"]
    hidden = len(context.parts) - len(judged)
    moved = _together(context, [_moved(context, change, judged, kind) for kind in (UP, DOWN)])
    counts = [sum(kind == verdict for verdict in kinds.values()) for kind in (UP, DOWN)]
    if moved:
        return _judged(context, moved, hidden) if max(counts) > NAMED else moved
    verdicts = {kinds[row.id] for row in judged}
    if not verdicts:
        return ""
    only = verdicts.pop() if len(verdicts) == 1 else "unknown"
    return _judged(context, context.words(f"title_{only}"), hidden)


def _moved(context: Context, change: WaveChange, rows: Sequence[Row], kind: str) -> str:
    """Name the rows with this verdict, or count them among ``rows`` when they are many."""
    moved = [row for row in rows if kind_of(context, change, row) == kind]
    if len(moved) > NAMED:
        return context.words(f"title_{kind}_most", n=len(moved), all=len(rows))
    return _named_moved(context, change, moved, kind)


def _named_moved(context: Context, change: WaveChange, rows: Sequence[Row], kind: str) -> str:
    moved = [row.inside for row in rows if kind_of(context, change, row) == kind]
    names = context.words.listed(moved)
    return context.words(f"title_{kind}", n=len(moved), names=names) if moved else ""


def _together(context: Context, said: Sequence[str]) -> str:
    """Several findings as one sentence, those that say nothing left out."""
    first, *others = [text for text in said if text] or [""]
    return "; ".join([first, *(context.words.inside(text) for text in others)])


def _judged(context: Context, said: str, hidden: int) -> str:
    """``said``, and of how many sub-goals the change is not shown."""
    return f"{said}; {context.words('verdicts_hidden', n=hidden)}" if hidden else said


def _with_hidden(context: Context, said: str, hidden: int) -> str:
    """``said``, and how many sub-goals it does not count."""
    return f"{said}; {context.words('rows_hidden', n=hidden)}" if hidden else said


def _pattern_title(context: Context) -> str:
    words, shown = context.words, context.shown(context.parts)
    if not shown:
        return words("title_parts_hidden")
    hidden = len(context.parts) - len(shown)
    if len(shown) == 1 and hidden:
        return words("title_only", name=_named(context, shown))
    if len(shown) == 1:
        return words("title_one", name=shown[0].title, index=_value(context, shown[0]))
    if _level(context, shown):
        key = "title_level_some" if hidden else "title_level"
        return _with_hidden(context, words(key, index=_value(context, shown[0])), hidden)
    high, low = extremes(context)
    if not high:
        return _with_hidden(context, words("title_alike", **_range(context, shown)), hidden)
    text = words("title_pattern", high=_named(context, high), low=_named(context, low))
    return _with_hidden(context, _begin(text), hidden)


def _level(context: Context, rows: Sequence[Row]) -> bool:
    """True when all of the rows print the same."""
    return len({_value(context, row) for row in rows}) == 1


def _range(context: Context, rows: Sequence[Row]) -> dict[str, str]:
    def place(row: Row) -> tuple[int, int]:
        bound = context.score(row.id, context.waves[-1]).bound or ""
        return _index(context, row), {"at_most": -1, "at_least": 1}.get(bound, 0)

    ordered = sorted(rows, key=place)
    return {"y": _value(context, ordered[0]), "x": _value(context, ordered[-1])}


def _ends(context: Context) -> tuple[list[Row], list[Row]]:
    """The rows that may be the highest, and the lowest, of what is shown: those with the outermost
    printed index, and those whose printed index is a bound in that direction."""
    now, shown = context.waves[-1], context.shown(context.parts)
    scores = {row.id: context.score(row.id, now) for row in shown}
    top = max((_index(context, row) for row in shown), default=0)
    bottom = min((_index(context, row) for row in shown), default=0)

    def may_be(score: Score, edge: int, beyond: str) -> bool:
        return score.index == edge or score.bound == beyond

    return (
        [row for row in shown if may_be(scores[row.id], top, "at_least")],
        [row for row in shown if may_be(scores[row.id], bottom, "at_most")],
    )


def extremes(context: Context) -> tuple[list[Row], list[Row]]:
    """Return the highest and the lowest of the index's sub-goals that are shown (ties together);
    both empty where chance alone might have set them apart (``told_apart``)."""
    high, low = _ends(context)
    n, how = context.unit.participation.answered, context.header.method
    count = len(context.shown(context.parts))
    if n is None or count < 2:
        return [], []
    for one in high:
        for other in low:
            if one.id not in how.dimensions or other.id not in how.dimensions:
                return [], []
            sigmas = how.dimensions[one.id].sigma, how.dimensions[other.id].sigma
            shared = how.correlation(one.id, other.id)
            values = _index(context, one), _index(context, other)
            if not told_apart(*values, *sigmas, shared, n, count):
                return [], []
    return high, low


def keep_and_improve(context: Context) -> tuple[str, ...]:
    """Say what to keep (the unit's own highest) and what to improve (its own lowest)."""
    words, shown = context.words, context.shown(context.parts)
    hidden = len(context.parts) - len(shown)
    if not shown:
        return (words("keep_hidden"),)
    if len(shown) == 1:
        return (words("keep_only", name=_named(context, shown)),) if hidden else ()
    tail = (f"{words('rows_hidden', n=hidden)}.",) if hidden else ()
    if _level(context, shown):
        key = "keep_level_some" if hidden else "keep_level"
        return (words(key, index=_value(context, shown[0])), *tail)
    high, low = extremes(context)
    if not high:
        return (words("keep_alike", **_range(context, shown)), *tail)
    keep = words("keep", names=_named(context, high))
    return (keep, words("improve", names=_named(context, low)), *tail)


def talk_about(context: Context) -> tuple[str, ...]:
    """Return questions for the meeting, from the unit's own pattern."""
    words = context.words
    if context.unit.tier == "none":
        return (words("talk_participation"), words("talk_area"))
    high, low = extremes(context)
    points = [words("talk_recognise")]
    if high:
        points.append(words("talk_keep", names=words.listed([row.inside for row in high])))
        points.append(words("talk_improve", names=words.listed([row.inside for row in low])))
    elif len(context.shown(context.parts)) > 1:
        points.append(words("talk_choose"))
    points.append(words("talk_action"))
    return tuple(points)


def _named(context: Context, rows: Sequence[Row]) -> str:
    """Names with their printed indices, inside a sentence."""
    said = [f"{row.inside} ({_value(context, row)})" for row in rows]
    return context.words.listed(said)


def _index(context: Context, row: Row) -> int:
    return context.score(row.id, context.waves[-1]).index or 0


def _value(context: Context, row: Row) -> str:
    return context.words.score(context.score(row.id, context.waves[-1]))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
