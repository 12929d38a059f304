"""What a unit's report says and in which order, the same for the page and for the PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from survey.followup.model import ActionFacts, FollowUp
from survey.reports.common import pattern, reorganised, verdicts
from survey.reports.common.context import Context
from survey.reports.common.model import ChangeTable, Chart, ChartTable, Fact, Term
from survey.reports.figures.unit_figures import WIDTH, unit_charts
from survey.reports.svg.font_metrics import printable
from survey.reports.unit import method_text, sentences


@dataclass(frozen=True, slots=True)
class FreeText:
    """What people wrote, released by a moderator: question id → comments, question id → (word,
    count). Nothing here stands beside anything else about its writer."""

    comments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under a heading: comments, or words with their counts."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One section of the report."""

    id: str
    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[ChartTable, ...] = ()
    comments: tuple[Block, ...] = ()
    terms: tuple[Term, ...] = ()
    changes: ChangeTable | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The whole report as plain text and charts."""

    title: str
    path: tuple[str, ...]
    wave: str
    facts: tuple[Fact, ...]
    circumstances: tuple[str, ...]
    parts: tuple[Part, ...]


def content(
    context: Context,
    free_text: FreeText | None = None,
    width: int = WIDTH,
    follow_up: FollowUp | None = None,
) -> Content:
    """Put the report together; a part that has nothing to say is left out."""
    words, facts = context.words, context.unit.unit
    decided = follow_up or FollowUp()
    charts = {chart.id: chart for chart in unit_charts(context, width, decided.target_values)}
    parts = [*_first_page(context, charts), *_details(context, charts)]
    parts += _free_text(context, free_text or FreeText())
    parts += _method(context)
    parts += _decided(context, decided)
    return Content(
        title=words("report_title", unit=context.unit_name),
        path=tuple(printable(name) for name in facts.path),
        wave=context.wave_name(context.header.wave),
        facts=_facts(context),
        circumstances=sentences.circumstances(context),
        parts=tuple(part for part in parts if part is not None),
    )


def _facts(context: Context) -> tuple[Fact, ...]:
    words, who, wave = context.words, context.unit.participation, context.header.wave
    period = words("period", start=words.day(wave.opened_on), end=words.day(wave.closed_on))
    answered = words("hidden_short") if who.answered is None else str(who.answered)
    population = who.headcount if who.headcount is not None else who.invited
    if who.answered is not None and population and not who.over:
        answered = words("n_of", n=who.answered, all=population)
    rate = sentences.response_rate(context, who)
    rated = "" if rate == "–" else f"{words('fact_rate')} {rate}"
    shown = context.unit.overall.index is not None
    return (
        Fact(
            words("headline_index"),
            words.score(context.unit.overall),
            words("headline_scale") if shown else "",
        ),
        Fact(words("fact_answered"), answered, rated),
        Fact(words("fact_wave"), context.wave_name(wave), period if wave.closed_on else ""),
    )


def _first_page(context: Context, charts: Mapping[str, Chart]) -> list[Part]:
    """The four questions, in the order of page 1."""
    words = context.words
    profile = (charts["profile"],) if "profile" in charts else ()
    return [
        Part("answered", words("section_answered"), sentences.answered(context)),
        Part(
            "standing", words("section_standing"), sentences.where_we_stand(context), charts=profile
        ),
        Part("changed", words("section_changed"), verdicts.has_it_changed(context)),
        Part(
            "talk",
            words("section_talk"),
            pattern.keep_and_improve(context),
            points=pattern.talk_about(context),
        ),
    ]


def _details(context: Context, charts: Mapping[str, Chart]) -> list[Part | None]:
    words, change = context.words, context.change
    changes = None
    if change is not None and change.comparable and context.unit.tier != "none":
        changes = Part(
            "dimensions",
            words("section_dimensions"),
            tuple(verdicts.more_on_change(context)),
            changes=verdicts.change_table(context, change),
        )
    done = reorganised.told(context)
    return [
        Part("reorganised", words("section_reorganised"), done) if done else None,
        changes,
        _charts(
            "comparison",
            words("section_comparison"),
            charts,
            "comparison",
            sentences.others(context),
        ),
        _charts("items", words("section_items"), charts, "dimension-"),
        _charts("questions", words("section_questions"), charts, "question-"),
    ]


def _charts(
    part: str, title: str, charts: Mapping[str, Chart], prefix: str, said: Sequence[str] = ()
) -> Part | None:
    chosen = tuple(chart for key, chart in charts.items() if key.startswith(prefix))
    return Part(part, title, tuple(said), charts=chosen) if chosen else None


def _free_text(context: Context, free_text: FreeText) -> list[Part]:
    """Comments and words, only where the release allows them."""
    words = context.words
    if not context.unit.comments_allowed:
        return []
    blocks = [
        Block(context.text(context.question(key).text), tuple(printable(line) for line in lines))
        for key, lines in free_text.comments.items()
        if lines
    ]
    for key, counted in free_text.words.items():
        said = tuple(words("word_count", word=printable(word), n=n) for word, n in counted)
        if said:
            blocks.append(Block(context.text(context.question(key).text), said))
    if not blocks:
        return []
    notes = [words("comments_note")]
    if context.unit.texts_of is not None:
        notes.insert(0, words("comments_pool", n=context.unit.texts_of))
    return [Part("comments", words("section_comments"), tuple(notes), comments=tuple(blocks))]


def _method(context: Context) -> list[Part]:
    words = context.words
    return [
        Part("hidden", words("section_hidden"), method_text.hidden(context)),
        Part(
            "method",
            words("section_method"),
            method_text.method(context),
            tables=(method_text.method_table(context),),
        ),
        Part("glossary", words("section_glossary"), terms=method_text.glossary(context)),
    ]


def _decided(context: Context, known: FollowUp) -> list[Part]:
    """What the unit has chosen and agreed: the choice, the targets, then the actions by wave."""
    words = context.words
    points = [
        words(f"chosen_{name}", name=_dimension(context, chosen))
        for name, chosen in (("keep", known.choice.keep), ("improve", known.choice.improve))
        if chosen
    ]
    for target in known.targets:
        source = words(f"target_{target.source}")
        key = "target_by" if target.year else "target_set"
        name = _dimension(context, target.dimension)
        points.append(words(key, name=name, value=target.value, source=source, year=target.year))
    tables = [
        _action_table(context, title, actions)
        for title, actions in (("actions_now", known.actions), ("actions_before", known.earlier))
        if actions
    ]
    if not points and not tables:
        return []
    return [Part("actions", words("section_actions"), points=tuple(points), tables=tuple(tables))]


def _action_table(context: Context, title: str, actions: Sequence[ActionFacts]) -> ChartTable:
    words = context.words
    return ChartTable(
        (words(title), words("action_owner"), words("action_deadline"), words("action_status")),
        tuple(
            (
                _action_title(context, action),
                printable(action.owner),
                words.day(action.deadline.isoformat()),
                words(f"status_{action.status}"),
            )
            for action in actions
        ),
    )


def _action_title(context: Context, action: ActionFacts) -> str:
    title = printable(action.title)
    return f"{title} ({_dimension(context, action.dimension)})" if action.dimension else title


def _dimension(context: Context, dimension: str) -> str:
    """A dimension's title; its id when this questionnaire does not have it."""
    known = any(entry.id == dimension for entry in context.instrument.dimensions)
    return context.dimension_title(dimension) if known else printable(dimension)
