"""Effects, what has been taken into use, and other choices: horizontal bars of shares."""

from __future__ import annotations

from survey.instrument.question_types.registry import type_of
from survey.release.document import OptionResult, QuestionResult, Share, ShareChange
from survey.reports.common.context import Context
from survey.reports.common.model import Chart, ChartTable
from survey.reports.common.verdicts import share_note
from survey.reports.figures import style
from survey.reports.figures.canvas import Canvas
from survey.reports.figures.parts import Bar, draw_bars
from survey.reports.figures.profile import answers
from survey.reports.figures.statements import change_cell, rounded
from survey.reports.svg.font_metrics import width as text_width

BAR = 13


def question_chart(context: Context, result: QuestionResult, width: int) -> Chart | None:
    """Build the bars of one question in the instrument's order; None when it shows nothing."""
    if all(option.share is None for option in result.options):
        return None
    canvas = Canvas(width)
    bars: list[Bar] = []
    for option in result.options:
        bars += _row(context, canvas, result.id, option)
    draw_bars(canvas, bars)
    title, table = _title(context, result), _table(context, result)
    said = "; ".join(f"{row[0]}: {row[1]}" for row in table.rows)
    return Chart(
        id=f"question-{result.id}",
        title=title,
        subtitle=_subtitle(context, result),
        spec=canvas.finish(),
        alt=f"{title}. {answers(context)}. {said}.",
        table=table,
    )


def _subtitle(context: Context, result: QuestionResult) -> str:
    words, question = context.words, context.question(result.id)
    one = type_of(question).shares == "one"
    said = [
        words(
            "question_subtitle_single" if one else "question_subtitle_multiple",
            question=context.text(question.text),
            n=answers(context),
        )
    ]
    if question.reference_period:
        said.append(words("question_period", period=words.period(question.reference_period)))
    said.append(rounded(context, (option.share for option in result.options), parts=one))
    return " ".join(filter(None, said))


def _name(context: Context, question: str, option: OptionResult) -> str:
    return context.text(context.question(question).option(option.id).text)


def _change(context: Context, question: str, option: OptionResult) -> ShareChange | None:
    change = context.change
    if change is None or not change.comparable:
        return None
    return change.options.get(f"{question}/{option.id}")


def _table(context: Context, result: QuestionResult) -> ChartTable:
    words = context.words
    changes = [_change(context, result.id, option) for option in result.options]
    judged = any(changes)
    header = (words("option"), words("share"))
    rows = tuple(
        (
            _name(context, result.id, option),
            words.share(option.share),
            *([change_cell(context, change)] if judged else []),
        )
        for option, change in zip(result.options, changes, strict=True)
    )
    return ChartTable((*header, words("change")) if judged else header, rows)


def _row(context: Context, canvas: Canvas, question: str, option: OptionResult) -> list[Bar]:
    """Draw label, track and bar of one option, the share printed at its end."""
    words, name, share = context.words, _name(context, question, option), option.share
    note = share_note(context, _change(context, question, option))
    canvas.label(name, 400, words.hidden if share is None else note)
    y = canvas.top + BAR / 2 + 1
    canvas.line(0, 100, y, style.RULE, 1)
    canvas.top = y + BAR / 2 + 7
    if share is None:
        return [Bar(0, 100, y, BAR - 6, style.PAPER, style.RULE, words.hidden, hatched=True)]
    text, end = words.share(share), canvas.pixel(share.position)
    wide = text_width(text, style.TEXT, 600)
    if end + 8 + wide <= canvas.room:
        # Paper behind the value keeps the track from crossing it.
        canvas.data_gap(end + 4, end + 12 + wide, y)
        canvas.text(text, end + 8, y, middle=True, weight=600)
    else:
        canvas.text(text, end - 8, y, anchor="right", middle=True, weight=600, color=style.PAPER)
    return [Bar(0, share.position, y, BAR, style.DEEP, style.DEEP, f"{name}: {text}")]


def _title(context: Context, result: QuestionResult) -> str:
    """Say which option was chosen most, or that several were; and how many are not shown."""
    shown = [(o, o.share) for o in result.options if o.share is not None]
    said, hidden = _most(context, result, shown), len(result.options) - len(shown)
    return f"{said}; {context.words('options_hidden', n=hidden)}" if hidden else said


def _most(context: Context, result: QuestionResult, shown: list[tuple[OptionResult, Share]]) -> str:
    words = context.words
    top = max((share.position for _, share in shown), default=0)
    first = [(option, share) for option, share in shown if share.position == top]
    said = words.share(first[0][1])
    if not top or first[0][1].form == "below":
        return words("question_few", share=said)
    if len(first) > 2:
        return words("question_several", n=len(first), share=said)
    quoted = words("quote_open") + "{}" + words("quote_close")
    names = words.listed([quoted.format(_name(context, result.id, o)) for o, _ in first])
    return words("question_title", names=names, share=said)
