"""The unit report: (release header, unit result, language) → charts, dashboard, HTML, PDF."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from survey.followup.model import FollowUp
from survey.release.document import ReleaseHeader, UnitResult
from survey.reports.common.context import Context
from survey.reports.common.model import (
    ChangeTable,
    Chart,
    ChartTable,
    ChartView,
    DashboardView,
    Section,
    Term,
)
from survey.reports.common.pdf import PdfMaker
from survey.reports.figures.unit_figures import WIDTH, unit_charts
from survey.reports.svg import draw
from survey.reports.svg.font_metrics import printable, shortened, wrap
from survey.reports.unit import method_text, sentences
from survey.reports.unit.content import Block, Content, FreeText, Part, content

__all__ = [
    "FreeText",
    "UnitReportRenderer",
    "charts_for",
    "dashboard",
    "drawing",
    "render_unit_html",
]


def charts_for(
    header: ReleaseHeader,
    unit: UnitResult,
    language: str,
    width: int = WIDTH,
    follow_up: FollowUp | None = None,
) -> tuple[Chart, ...]:
    """Return every chart that the tier allows, in reading order; ``width`` in CSS pixels, targets
    from ``follow_up``.

    Raises ``NotFound`` for a language without report texts.
    """
    targets = follow_up.target_values if follow_up else None
    return unit_charts(Context(header, unit, language), width, targets)


def dashboard(
    header: ReleaseHeader,
    unit: UnitResult,
    language: str,
    free_text: FreeText | None = None,
    width: int = WIDTH,
    follow_up: FollowUp | None = None,
) -> DashboardView:
    """Return the unit's page as frozen data, with each chart's SVG, table and CSV.

    Of ``follow_up`` only the targets are used: the page shows actions in its own way.
    """
    context = Context(header, unit, language)
    targets = FollowUp(targets=follow_up.targets) if follow_up else None
    report = content(context, free_text, width, targets)
    return DashboardView(
        language=language,
        title=report.title,
        unit_name=context.unit_name,
        path=report.path,
        study=printable(header.study),
        wave=report.wave,
        headline=_headline(context, report),
        facts=report.facts,
        sections=tuple(
            _section(context, part, report) for part in report.parts if part.id != "actions"
        ),
        warning=context.words("answered_few") if sentences.few_answered(context) else "",
    )


def _headline(context: Context, report: Content) -> str:
    """The verdict; where there is none to give, where the unit stands and why there is none."""
    said = {part.id: part.sentences[:1] for part in report.parts}
    change = context.change
    known = change is not None and change.comparable
    if known and change is not None and change.overall.verdict != "hidden":
        return " ".join(said.get("changed", ()))
    if context.unit.overall.index is None:
        return " ".join(said.get("standing", ()))
    return " ".join((*said.get("standing", ()), *said.get("changed", ())))


def _section(context: Context, part: Part, report: Content) -> Section:
    first = report.circumstances if part.id == "answered" else ()
    return Section(
        id=part.id,
        title=part.title,
        sentences=(*part.sentences, *first),
        charts=tuple(_view(chart) for chart in part.charts),
        points=part.points,
        tables=part.tables,
        blocks=tuple((block.title, block.lines) for block in part.comments),
        terms=method_text.glossary(context, printed=False) if part.terms else (),
        changes=part.changes,
    )


def drawing(chart: Chart) -> str:
    """Return a chart as SVG for a page, with its text alternative."""
    return draw.render(chart.spec, label=chart.alt, anchors=True)


def _view(chart: Chart) -> ChartView:
    return ChartView(chart=chart, svg=drawing(chart), csv=chart.table.csv())


@dataclass(frozen=True, slots=True)
class _Printed:
    """A part as the template prints it."""

    id: str
    title: str
    css: str
    sentences: tuple[str, ...]
    points: tuple[str, ...]
    charts: tuple[Chart, ...]
    tables: tuple[_Table, ...]
    comments: tuple[Block, ...]
    terms: tuple[Term, ...]
    changes: ChangeTable | None


@dataclass(frozen=True, slots=True)
class _Table:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    css: str


_CSS = {
    "hidden": "compact keep",
    "method": "compact",
    "glossary": "compact keep",
    "dimensions": "keep",
    "comparison": "keep",
    "reorganised": "compact keep",
}
_FIRST_PAGE = ("answered", "standing", "changed", "talk")


def _printed(part: Part) -> _Printed:
    tables = tuple(_print_table(table, part.id) for table in part.tables)
    return _Printed(
        part.id,
        part.title,
        _CSS.get(part.id, "part"),
        part.sentences,
        part.points,
        part.charts,
        tables,
        part.comments,
        part.terms,
        part.changes,
    )


def _print_table(table: ChartTable, part: str) -> _Table:
    return _Table(table.header, table.rows, "agreed" if part == "actions" else "numbers")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("survey.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
    )


def render_unit_html(
    header: ReleaseHeader,
    unit: UnitResult,
    language: str,
    digest: str,
    free_text: FreeText | None = None,
    follow_up: FollowUp | None = None,
) -> str:
    """Return the print document; its figures are ``<img src="chart:ID">``."""
    context = Context(header, unit, language)
    return _html(context, content(context, free_text, follow_up=follow_up), digest)


def _html(context: Context, report: Content, digest: str) -> str:
    from markupsafe import Markup

    words, header = context.words, context.header
    footer = " · ".join(
        (
            shortened(context.unit_name, 10.7, 250),
            report.wave,
            printable(header.method.software),
            f"{words('footer_release')} {digest[:12]}",
        )
    )
    before, between = words("page_of", page="\0", pages="\1").replace("\1", "\0").split("\0")[:2]
    counted = f"{css_string(before)} counter(page) {css_string(between)} counter(pages)"
    return (
        _environment()
        .get_template("unit.html")
        .render(
            lang=context.language,
            title=report.title,
            organisation=printable(header.organisation),
            description=words("figures_name", unit=context.unit_name, wave=report.wave),
            # css_string leaves letters, digits and escapes only, so nothing can end the style.
            footer=Markup(css_string(footer)),  # noqa: S704
            page_of=Markup(counted),  # noqa: S704
            kicker=" · ".join((words("report_kind"), printable(header.study))),
            unit_name=context.unit_name,
            path=" › ".join(report.path),
            wave=" · ".join(filter(None, (report.facts[2].value, report.facts[2].note))),
            facts={"standing": report.facts[0].value, "answered": report.facts[1].value},
            circumstances=report.circumstances,
            long=len(context.unit_name) > 60,
            tight=_lines(report) > ROOM,
            first=[_printed(part) for part in report.parts if part.id in _FIRST_PAGE],
            sections=[_printed(part) for part in report.parts if part.id not in _FIRST_PAGE],
        )
    )


ROOM = 15
"""Lines of text in full size for which the first page has room beside its chart."""


def _lines(report: Content) -> int:
    """How many lines the first page's texts take, two columns beside each other."""
    parts = [part for part in report.parts if part.id in _FIRST_PAGE]
    column, page = 317.0, 658.0
    high = [
        sum(len(wrap(said, 14.0, column)) for said in (*part.sentences, *part.points))
        for part in parts
    ]
    over = sum(len(wrap(said, 14.0, 0.7 * page)) for said in report.circumstances)
    over += sum(len(wrap(chart.title, 14.7, page, 600)) for p in parts for chart in p.charts)
    return over + max(high[:2]) + max(high[2:])


def css_string(text: str) -> str:
    """Return ``text`` as a CSS string whose every other character is an escape."""
    safe = "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in text)
    return f'"{safe}"'


class UnitReportRenderer:
    """Makes unit PDFs; build one per process (0.1 s), renders are serialised."""

    def __init__(self, css: str | None = None) -> None:
        self._maker = PdfMaker(css)

    def render(
        self,
        header: ReleaseHeader,
        unit: UnitResult,
        language: str,
        digest: str,
        free_text: FreeText | None = None,
        follow_up: FollowUp | None = None,
    ) -> bytes:
        """Return a PDF/UA-1 file. Equal input gives equal bytes.

        Raises ``BrokenReport`` when WeasyPrint logs an error or a foreign font is embedded,
        ``UnknownAttribute`` when a chart says something that cannot be drawn.
        """
        context = Context(header, unit, language)
        report = content(context, free_text, follow_up=follow_up)
        charts = {
            chart.id: draw.render(chart.spec).encode()
            for part in report.parts
            for chart in part.charts
        }
        return self._maker.make(_html(context, report, digest), charts)
