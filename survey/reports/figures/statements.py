"""What the two charts of a sub-goal's statements say in the same words."""

from __future__ import annotations

from collections.abc import Iterable

from survey.release.document import DimensionResult, ItemResult, Share, ShareChange
from survey.reports.common.context import Context
from survey.reports.common.verdicts import share_note


def title(context: Context, result: DimensionResult) -> str:
    """State between which shares the statements lie that are shown, and how many are not."""
    words, name = context.words, context.dimension_title(result.id)
    shown = [item.favourable for item in result.items if item.favourable is not None]
    if not shown:
        return words("items_title_plain", title=name)
    low, high = min(shown, key=_place), max(shown, key=_place)
    ends = words.share(low), words.share(high)
    said = words("items_title", title=name, low=ends[0], high=ends[1])
    if ends[0] == ends[1]:
        said = words("items_title_same", title=name, share=ends[0])
    hidden = len(result.items) - len(shown)
    return f"{said}; {words('items_hidden', n=hidden)}" if hidden else said


def _place(share: Share) -> tuple[int, int]:
    """Order shares: "under 1 %" comes before 1 %, "over 99 %" after 99 %."""
    return share.position, {"below": -1, "above": 1}.get(share.form or "", 0)


def note(context: Context, item: ItemResult) -> str:
    """What stands beside a statement: that it is turned, and that its share has changed."""
    reverse = context.words("reverse_note") if context.item(item.id).reverse else ""
    changed = share_note(context, change_of(context, item.id))
    return " · ".join(filter(None, (reverse, changed)))


def change_of(context: Context, item: str) -> ShareChange | None:
    """The verdict on a statement's share since the wave that the report leads with."""
    change = context.change
    return None if change is None or not change.comparable else change.items.get(item)


def change_cell(context: Context, change: ShareChange | None) -> str:
    """The verdict on a share as a table's cell."""
    return "–" if change is None else context.words(f"chip_{change.verdict}")


def rounded(context: Context, shares: Iterable[Share | None], *, parts: bool) -> str:
    """Say that shares come in steps; with ``parts`` that they need not add up to 100."""
    step = max((share.step for share in shares if share is not None), default=1)
    if step == 1:
        return ""
    key = "rounded_sum" if parts else "rounded"
    return context.words(key, step=context.words.percent(step))
