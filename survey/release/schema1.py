"""Releases of the first design, read under today's forms.

Their indices and verdicts stay. What today is not printed leaves: numbers per sub-goal, item and
question, masked parts, agreement; and below a hundred answers all categories, options and "vet
ikke". Works on plain JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Plain = dict[str, Any]

_FINE_FROM = 100
_SHARES_FROM = 10
_FEW = 3


def header(old: Plain) -> Plain:
    """A header as today's fields; it keeps its schema number."""
    kept = {k: v for k, v in old.items() if k not in ("hidden_values", "published_values")}
    how = {k: v for k, v in old["method"].items() if k != "relevance"}
    return {**kept, "method": how}


def unit(old: Plain) -> Plain:
    """A unit's result as today's fields; it keeps its schema number."""
    n = old["participation"].get("answered")
    gone = ("dimensions", "overall", "comparisons", "history", "questions", "tier")
    kept = {k: v for k, v in old.items() if k not in gone}
    return {
        **kept,
        "tier": _tier(old["tier"], n),
        "overall": _score(old["overall"]),
        "dimensions": [_dimension(dimension, n) for dimension in old["dimensions"]],
        "comparisons": [_scored(comparison) for comparison in old.get("comparisons", ())],
        "history": [_scored(wave) for wave in old.get("history", ())],
        "questions": [_question(question, n) for question in old.get("questions", ())],
    }


def _tier(tier: str, n: int | None) -> str:
    if tier == "none" or n is None:
        return "none"
    return "index" if n < _SHARES_FROM else "shares" if n < _FINE_FROM else "full"


def _score(old: Plain) -> Plain:
    return {k: v for k, v in old.items() if k != "n"}


def _scored(old: Plain) -> Plain:
    scores = {name: _score(score) for name, score in old["dimensions"].items()}
    return {**old, "overall": _score(old["overall"]), "dimensions": scores}


def _dimension(old: Plain, n: int | None) -> Plain:
    kept: Plain = {k: old[k] for k in ("id", "band") if k in old}
    items = [_item(item, n) for item in old.get("items", ())]
    return {**kept, "score": _score(old["score"]), "items": items}


def _item(old: Plain, n: int | None) -> Plain:
    new: Plain = {"id": old["id"]}
    if n is None or n < _SHARES_FROM:
        return new
    if (share := _favourable(old.get("shares") or {}, n)) is not None:
        new["favourable"] = share
    if n < _FINE_FROM:
        return new
    bars = old.get("distribution") or ()
    if bars and all(len(b["values"]) == 1 and b.get("percent") is not None for b in bars):
        new["categories"] = [
            {"value": bar["values"][0], "share": _in_steps(bar["percent"])} for bar in bars
        ]
    if (said := old.get("not_applicable")) is not None:
        new["not_applicable"] = _share(said, n)
    return new


def _favourable(shares: Mapping[str, Any], n: int) -> Plain | None:
    """The favourable share; "at least 90 %" agreed or disagreed becomes one of today's ends."""
    if (side := shares.get("at_least")) is not None:
        form = {"favourable": "all_but_few", "unfavourable": "few"}.get(side)
        return None if form is None else {"percent": None, "step": _step(n), "form": form}
    percent = shares.get("favourable")
    return None if percent is None else _share(percent, n)


def _step(n: int) -> int:
    return 1 if n >= _FINE_FROM else 5


def _share(percent: int, n: int) -> Plain:
    people, step = percent * n / 100, _step(n)
    if people <= _FEW:
        return {"percent": None, "step": step, "form": "few"}
    if n - people <= _FEW:
        return {"percent": None, "step": step, "form": "all_but_few"}
    rounded = step * ((2 * percent + step) // (2 * step))
    return {"percent": min(max(rounded, step), 100 - step), "step": step}


def _in_steps(percent: int) -> Plain:
    if percent < 5:
        return {"percent": 5, "step": 5, "form": "below"}
    if percent > 95:
        return {"percent": 95, "step": 5, "form": "above"}
    return {"percent": 5 * ((2 * percent + 5) // 10), "step": 5}


def _question(old: Plain, n: int | None) -> Plain:
    """A question's options, from a hundred answers."""
    shown = n is not None and n >= _FINE_FROM
    return {
        "id": old["id"],
        "options": [
            {"id": option["id"], "share": _option(option, n or 0) if shown else None}
            for option in old.get("options", ())
        ],
    }


def _option(old: Plain, n: int) -> Plain | None:
    if old.get("at_least"):
        return {"percent": 90, "step": 1, "form": "above"}
    if old.get("at_most"):
        return {"percent": 10, "step": 1, "form": "below"}
    percent = old.get("percent")
    return None if percent is None else _share(percent, n)
