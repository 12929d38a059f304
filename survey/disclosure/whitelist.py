"""Every field that a release may have. What is not named here must not leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FIELDS: Mapping[str, Mapping[str, str]] = {
    "header": {
        **dict.fromkeys(
            ("release_id", "study", "organisation", "languages", "notes", "public_level"), ""
        ),
        "schema": "",
        "instrument": "",
        "wave": "wave",
        "earlier": "wave",
        "method": "method",
        "units": "entry",
    },
    "wave": dict.fromkeys(("ordinal", "phase", "label", "opened_on", "closed_on"), ""),
    "entry": dict.fromkeys(("code", "name", "kind", "parent", "level", "tier"), ""),
    "method": {
        **dict.fromkeys(
            ("k", "sigma_overall", "sigma_overall_source", "software", "mean", "tau2"), ""
        ),
        "correlations": "",
        "dimensions": "by id: scale",
    },
    "scale": dict.fromkeys(
        (
            *("sigma", "source", "alpha", "alpha_interval", "omega", "omega_estimator"),
            *("not_computed", "icc1", "icc2", "mean", "tau2"),
        ),
        "",
    ),
    "unit": {
        "unit": "facts",
        **dict.fromkeys(("tier", "band", "comments_allowed", "texts_of", "schema"), ""),
        "participation": "participation",
        "overall": "score",
        "dimensions": "dimension",
        "questions": "question",
        "others": "others",
        "comparisons": "comparison",
        "changes": "wave_change",
        "history": "past",
        "reorganisations": "reorganisation",
    },
    "facts": dict.fromkeys(
        (
            *("code", "name", "kind", "level", "parent", "path", "children"),
            *("merged_into", "is_new", "note"),
        ),
        "",
    ),
    "participation": dict.fromkeys(("headcount", "invited", "answered", "over"), ""),
    "score": {"index": "", "bound": "", "everyone": "", "interval": "interval"},
    "interval": {"low": "", "high": ""},
    "share": {"percent": "", "step": "", "form": ""},
    "dimension": {"id": "", "band": "", "score": "score", "items": "item"},
    "item": {
        "id": "",
        "favourable": "share",
        "categories": "category",
        "not_applicable": "share",
    },
    "category": {"value": "", "share": "share"},
    "question": {"id": "", "options": "option"},
    "option": {"id": "", "share": "share"},
    "others": {"answered": "", "overall": "score", "dimensions": "by id: score"},
    "comparison": {
        **dict.fromkeys(("role", "code", "name", "units"), ""),
        "overall": "score",
        "dimensions": "by id: score",
    },
    "wave_change": {
        **dict.fromkeys(
            ("from_ordinal", "comparable", "reason", "joined", "left", "regression"), ""
        ),
        "overall": "change",
        "dimensions": "by id: change",
        "items": "by id: share_change",
        "options": "by id: share_change",
        "area": "area",
        "tally": "tally",
    },
    "change": dict.fromkeys(
        (
            *("verdict", "earlier", "later", "difference", "low", "high", "low_open"),
            *("high_open", "minimum_detectable", "basis", "effect", "tipping", "beyond"),
            "standardised",
        ),
        "",
    ),
    "share_change": dict.fromkeys(("verdict", "difference", "low", "high"), ""),
    "area": {"code": "", "name": "", "overall": "change"},
    "tally": dict.fromkeys(
        (
            *("risen", "fallen", "unknown", "hidden", "not_comparable"),
            *("expected", "expected_low", "expected_high"),
        ),
        "",
    ),
    "past": {
        "wave": "wave",
        "participation": "participation",
        "overall": "score",
        "dimensions": "by id: score",
        "items": "by id: share",
    },
    "reorganisation": dict.fromkeys(
        ("kind", "from_ordinal", "before", "after", "comparable", "continues", "reason"), ""
    ),
}
"""Kind of object → field → kind of what stands in it ('' for a plain value)."""


def unknown_fields(plain: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Paths of all fields of a document that are not named above."""
    known = FIELDS[kind]
    for name, value in plain.items():
        if name not in known:
            yield name
            continue
        inside = known[name]
        if inside.startswith("by id: "):
            parts = list(value.values())
            inside = inside.removeprefix("by id: ")
        else:
            parts = list(value) if isinstance(value, list | tuple) else [value]
        if inside:
            for part in parts:
                if part is not None:
                    yield from (f"{name}.{field}" for field in unknown_fields(part, inside))
