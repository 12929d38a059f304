"""How the numbers were made, what the words mean, what is hidden and why."""

from __future__ import annotations

import platform
from functools import cache

from survey.reports.context import Context
from survey.reports.metrics import printable
from survey.reports.model import ChartTable, Term

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


def method(context: Context) -> tuple[str, ...]:
    """Return the sentences of the method page."""
    words, how = context.words, context.header.method
    said = [
        words("method_scoring"),
        words("method_interval"),
        words("method_change", relevance=how.relevance, sigma=how.sigma_overall),
        words("method_assumption"),
        words("method_people"),
        words("method_comparison"),
    ]
    if context.unit.band is not None:  # a band, never a rank
        said.append(words(f"band_{context.unit.band}"))
    if context.unit.participation.over:
        said.insert(2, words("over_warning"))
    if any(each.agreement for each in context.unit.dimensions):
        said.append(words("method_agreement"))
    said += [printable(note) for note in context.header.notes]
    said.append(words("method_software", software=printable(how.software), parts=parts()))
    return tuple(said)


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
    """Say what is hidden in this report and why."""
    words, header = context.words, context.header
    said = [words("hidden_why", k=header.method.k, marker=words("hidden_short"))]
    said.append(words(f"hidden_tier_{context.unit.tier}", k=header.method.k))
    whole = header.hidden_values + header.published_values
    if whole:
        said.append(words("hidden_count", hidden=header.hidden_values, whole=whole))
    said.append(words("hidden_leaders"))
    return tuple(said)


def glossary(context: Context, *, printed: bool = True) -> tuple[Term, ...]:
    """Return the words of the report and what they mean, in plain language. Only the printed
    report has a code at the foot of its pages."""
    words = context.words
    meanings = {each: f"meaning_{each}" for each in TERMS}
    if not printed:
        meanings["release"] = "meaning_release_page"
    return tuple(Term(words(f"term_{each}"), words(key)) for each, key in meanings.items())


def method_table(context: Context) -> ChartTable | None:
    """Return σ̂, reliability, and (after a first wave) the detectable change and the effect per
    dimension; None when the release says nothing of them."""
    words, known = context.words, context.header.method.dimensions
    rows = []
    for row in context.rows[1:]:
        how = known.get(row.id)
        if how is None:
            continue
        alpha = "–" if how.alpha is None else words.decimal(how.alpha)
        if how.alpha is not None and how.alpha_interval is not None:
            low, high = (words.decimal(value) for value in how.alpha_interval)
            alpha = f"{alpha} ({low}–{high})"
        omega = "–" if how.omega is None else words.decimal(how.omega)
        icc = "–" if how.icc1 is None else words.decimal(how.icc1)
        rows.append((row.title, str(how.sigma), alpha, omega, icc, *_change(context, row.id)))
    if not rows:
        return None
    header = [words("dimension"), words("sigma"), "α", "ω", "ICC(1)"]
    if context.change is not None:
        header += [words("detectable"), words("effect")]
    return ChartTable(header=tuple(header), rows=tuple(rows))


def _change(context: Context, dimension: str) -> tuple[str, ...]:
    """The change that would be found in 80 % of cases, and Hedges' g with its interval."""
    words = context.words
    if context.change is None:
        return ()
    known = context.change.dimensions.get(dimension)
    if known is None or known.minimum_detectable is None:
        return ("–", "–")
    effect = "–"
    if known.effect is not None and known.effect_interval is not None:
        low, high = (words.decimal(value) for value in known.effect_interval)
        effect = words("effect_value", g=words.decimal(known.effect), low=low, high=high)
    return (str(known.minimum_detectable), effect)
