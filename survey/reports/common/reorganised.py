"""What a reader must know of reorganisations that a report crosses, a sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from survey.release.document import Reorganisation, WaveChange
from survey.reports.common.context import Context
from survey.reports.svg.font_metrics import printable

NAMES = 4
"""So many units are named; the others are counted."""


def told(context: Context) -> tuple[str, ...]:
    """Everything that a reader of a comparison must know; () when nothing was done, and where
    nothing is compared: then the reason stands in the comparison's place (:func:`broken`)."""
    change = context.change
    if change is None or not change.comparable:
        return ()
    return (*crossed(context), *composition(context, change), *broken(context))


def crossed(context: Context) -> tuple[str, ...]:
    """Say what was done to the unit where it is still compared with before: another name, another
    place, another code, or a merger or split that it continues one unit of."""
    events = [event for event in context.unit.reorganisations if event.comparable]
    return tuple(_sentence(context, event) for event in reversed(events))


def broken(context: Context) -> tuple[str, ...]:
    """Say why nothing before a reorganisation may be compared with the unit."""
    events = [event for event in context.unit.reorganisations if not event.comparable]
    return tuple(_sentence(context, event) for event in events)


def composition(context: Context, change: WaveChange) -> tuple[str, ...]:
    """Say which units an area has gained and lost since a wave: some of a change may be theirs."""
    words, wave = context.words, context.from_name(change)
    joined, gone = _some(context, change.joined), _some(context, change.left)
    if joined and gone:
        return (words("composition_both", joined=joined, left=gone, wave=wave),)
    if joined:
        return (words("composition_joined", names=joined, wave=wave),)
    return (words("composition_left", names=gone, wave=wave),) if gone else ()


def _sentence(context: Context, event: Reorganisation) -> str:
    words = context.words
    facts = context.wave_of(event.from_ordinal)
    said = words(
        f"reorganised_{event.kind}",
        before=_some(context, event.before),
        after=_some(context, event.after),
        wave=context.wave_name(facts) if facts else str(event.from_ordinal),
    )
    reason = _ended(printable(event.reason))
    if event.kind in ("renamed", "moved") and event.comparable:
        return f"{said}."
    if event.comparable:
        name = f"{words('quote_open')}{printable(event.continues)}{words('quote_close')}"
        tail = words("reorganised_compared", name=name)
    else:
        tail = words("reorganised_apart")
    return f"{said}; {tail}: {reason}" if reason else f"{said}; {tail}."


def _some(context: Context, names: Sequence[str]) -> str:
    words = context.words
    shown = [f"{words('quote_open')}{printable(name)}{words('quote_close')}" for name in names]
    if len(shown) > NAMES:
        shown = [*shown[: NAMES - 1], words("others", n=len(names) - NAMES + 1)]
    return words.listed(shown)


def _ended(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."
