"""How the numbers were made, what the words mean, what is hidden and why."""

from __future__ import annotations

import platform
from functools import cache

from survey.release.document import DimensionMethod
from survey.reports.common.context import Context, Row
from survey.reports.common.model import ChartTable, Term
from survey.reports.common.verdicts import row_change
from survey.reports.svg.font_metrics import printable

TERMS = (
    "index",
    "dimension",
    "favourable",
    "dont_know",
    "interval",
    "verdict",
    "headcount",
    "kind",
    "release",
)


SHARES_FROM, CATEGORIES_FROM = 10, 100
"""Answers from which shares and texts, and whole distributions, are shown."""


def method(context: Context) -> tuple[str, ...]:
    """Return the sentences of the method page."""
    words = context.words
    said = [words("method_scoring"), words("method_interval"), words("method_bounds")]
    if context.unit.participation.over:
        said.append(words("over_warning"))
    said += [words("method_change"), words("method_alarms")]
    if _is_area(context):
        said.append(words("method_units"))
    said += _sources(context)
    said += [words("method_assumption"), words("method_people"), words("method_comparison")]
    if context.unit.schema == 1:
        said.insert(0, words("method_earlier"))
    if context.unit.band is not None:  # a band, never a rank
        said.append(words(f"band_{context.unit.band}"))
    said += [printable(note) for note in context.header.notes]
    software = printable(context.header.method.software)
    said.append(words("method_software", software=software, parts=parts()))
    return tuple(said)


def _is_area(context: Context) -> bool:
    """True where a verdict on an area is printed: the unit's own or its area's beside it."""
    change = context.change
    beside = change is not None and change.area is not None
    return beside or bool(context.unit.unit.children)


def _sources(context: Context) -> list[str]:
    """Say which of its three sources σ̂ has, for all indices or by name."""
    words, how = context.words, context.header.method
    names: dict[str, list[str]] = {how.sigma_overall_source: [words("overall_inside")]}
    for row in context.rows[1:]:
        if row.id in how.dimensions:
            names.setdefault(how.dimensions[row.id].source, []).append(row.inside)
    if len(names) == 1:
        return [words(f"sigma_{source}", names=words("sigma_all")) for source in names]
    return [
        words(f"sigma_{source}", names=words.listed(titles)) for source, titles in names.items()
    ]


@cache
def parts() -> str:
    """Return the versions that decide a PDF's bytes, as one line."""
    import weasyprint
    from weasyprint.text.ffi import pango

    number = pango.pango_version()
    drawn = f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    python = platform.python_version()
    return f"Python {python}, WeasyPrint {weasyprint.__version__}, Pango {drawn}"


def hidden(context: Context) -> tuple[str, ...]:
    """Say what of this unit is hidden and why."""
    words, k = context.words, context.header.method.k
    shares, full = max(k, SHARES_FROM), max(k, CATEGORIES_FROM)
    said = [words("hidden_why", k=k, shares=shares, full=full, marker=words("hidden_short"))]
    what = _withheld(context, shares, full)
    said += what or [words("hidden_nothing")]
    if context.instrument.role_question is not None:
        said.append(words("hidden_leaders"))
    return tuple(said)


def _withheld(context: Context, shares: int, full: int) -> list[str]:
    """What is not shown of this unit: sub-goals, their statements, finer numbers."""
    words, tier = context.words, context.unit.tier
    if tier == "none":
        return [words("hidden_tier_none")]
    said = []
    rows = context.rows[1:]
    missing = [row.inside for row in rows if row not in context.shown(rows)]
    if missing:
        said.append(words("hidden_rows", names=words.listed(missing)))
    if tier != "index":
        bare = [row.inside for row in context.shown(rows) if not _has_shares(context, row.id)]
        said += [words("hidden_items", names=words.listed(bare))] if bare else []
    if tier != "full":
        said.append(words(f"hidden_tier_{tier}", shares=shares, full=full))
    return said


def _has_shares(context: Context, dimension: str) -> bool:
    result = context.results.get(dimension)
    return result is not None and any(i.favourable or i.categories for i in result.items)


def glossary(context: Context, *, printed: bool = True) -> tuple[Term, ...]:
    """Return the words of the report and what they mean, in plain language. Only the printed
    report has a code at the foot of its pages."""
    words = context.words
    meanings = {term: f"meaning_{term}" for term in TERMS}
    if not printed:
        meanings["release"] = "meaning_release_page"
    return tuple(Term(words(f"term_{term}"), words(key)) for term, key in meanings.items())


def method_table(context: Context) -> ChartTable:
    """Return σ̂, reliability, and (after a first wave) the detectable change and the change over σ̂
    per index."""
    words, how = context.words, context.header.method
    rows = [_method_row(context, context.rows[0], how.sigma_overall, None)]
    for row in context.rows[1:]:
        if (known := how.dimensions.get(row.id)) is not None:
            rows.append(_method_row(context, row, known.sigma, known))
    header = [words("dimension"), words("sigma"), "α", "ω", "ICC(1)"]
    if context.change is not None:
        header += [words("detectable"), words("effect")]
    return ChartTable(header=tuple(header), rows=tuple(rows))


def _method_row(
    context: Context, row: Row, sigma: int, known: DimensionMethod | None
) -> tuple[str, ...]:
    words = context.words
    alpha, omega, icc = "–", "–", "–"
    if known is not None and known.alpha is not None:
        alpha = words.decimal(known.alpha)
        if known.alpha_interval is not None:
            low, high = (words.decimal(value) for value in known.alpha_interval)
            alpha = f"{alpha} ({low}–{high})"
    if known is not None and known.omega is not None:
        omega = words.decimal(known.omega)
    if known is not None and known.icc1 is not None:
        icc = words.decimal(known.icc1)
    return (row.title, str(sigma), alpha, omega, icc, *_change(context, row))


def _change(context: Context, row: Row) -> tuple[str, ...]:
    """The smallest change that would be seen, and the change over σ̂."""
    words = context.words
    if context.change is None:
        return ()
    known = row_change(context, context.change, row)
    seen = known.minimum_detectable
    effect = "–"
    if known.effect is not None:
        effect = words.decimal(abs(known.effect))
        if known.effect:
            effect = words("effect_up" if known.effect > 0 else "effect_down", d=effect)
    return ("–" if seen is None else str(seen), effect)
